"""
Say numbers in words: the sentences, labels and units of the reports.

Rows in, text out. Nothing here computes a metric, and nothing here is HTML.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from bakame_duck.formatting import (
    STAGE_TITLES,
    Row,
    amount,
    count,
    in_words,
    join_words,
    milliseconds,
    moment,
    percent,
    pluralize,
    sentence_start,
    shortened,
    target_value,
    time_span,
)
from bakame_duck.sanitize import sanitize

_STAGES = {
    "asr": "Speech recognition",
    "llm": "The language model",
    "tts": "Speech synthesis",
    "total": "The whole turn",
}
_BLAMED = {
    "asr": "speech recognition",
    "llm": "the language model",
    "tts": "speech synthesis",
    "unattributed": "time that no stage explains",
    "together": "all stages together",
}
_HALF_A_DAY = timedelta(hours=12)


def change(now: Row, before: Row, days: int, compared: str = "the week before") -> str:
    """
    Return how the turns of a period compare with those of another, such as '+4% on the week before'.

    Args:
        now: The row of the metric ``activity`` for the period.

        before: The same for the other.

        days: How many days a whole period has.

        compared: What the other is called.
    """
    for row, name in ((now, "turns"), (before, f"turns in {compared}")):
        if row["days_with_turns"] < days:
            return f"{name} on {row['days_with_turns']} of {days} days: not compared"
    return f"{100 * (now['turns'] - before['turns']) / before['turns']:+z.0f}% on {compared}".replace("-", "−")


def weekly_summary(
    objectives: Sequence[Row],
    changes: Sequence[Row],
    incidents: Sequence[Row],
    windows: Sequence[Row],
    gaps: Sequence[Row],
    compared: str,
    timezone: str,
) -> tuple[str, str]:
    """
    Return what the week was like: the verdict in a few words, and the sentences behind it.

    Args:
        objectives: Rows of the metric ``objectives_report``.

        changes: Rows of ``objective_changes``, the largest first.

        incidents: Rows of :func:`bakame_duck.stats.incidents.find_incidents`.

        windows: Rows of ``bad_turns``.

        gaps: Rows of ``gaps``.

        compared: What the week is compared with, such as 'the week before'.

        timezone: The time zone that instants are shown in.
    """
    verdict, sentences = objectives_summary(objectives)
    more = [
        _gaps_in_short(gaps, timezone),
        _incidents_in_short(incidents, windows, timezone),
        _largest_change(changes, objectives, compared),
    ]
    return verdict, " ".join(filter(None, [sentences, *more]))


def coverage_summary(totals: Row, since: datetime, until: datetime, timezone: str) -> str:
    """
    Return where the logs begin or end within a week, in one sentence or two; nothing where they span it.

    Half a day is let pass: a night in which nobody called, before a report was asked for.

    Args:
        totals: The row of ``ingest_totals``.

        since: The begin of the week, in naive UTC as all instants here.

        until: Its end.

        timezone: The time zone that instants are shown in.
    """
    first, last = totals["first_at"], totals["last_at"]
    said = []
    if first and first - since > _HALF_A_DAY:
        said.append(f"The logs begin on {_weekday_and_time(first, timezone)}: what came before is not in them.")
    if last and until - last > _HALF_A_DAY:
        said.append(f"The logs end on {_weekday_and_time(last, timezone)}: what came after is not in them.")
    return " ".join(said)


def _weekday_and_time(instant: datetime, timezone: str) -> str:
    return f"{instant.replace(tzinfo=UTC).astimezone(ZoneInfo(timezone)):%A %H:%M}"


def _gaps_in_short(gaps: Sequence[Row], timezone: str) -> str:
    """Return when the service was silent, which no objective shows: they are measured on the turns that there are."""
    if not gaps:
        return ""
    longest = max(gaps, key=lambda row: row["usual_hours"])
    span = time_span(longest["started_at"], longest["ended_at"], timezone)
    hours = pluralize(sum(row["usual_hours"] for row in gaps), "usually busy hour")
    if len(gaps) == 1:
        return f"There is no record from {span}: {hours}."
    return f"There is no record of {hours}, the longest time from {span}."


def _incidents_in_short(incidents: Sequence[Row], windows: Sequence[Row], timezone: str) -> str:
    if not incidents:
        return ""
    worst = incidents[0]
    more = f"; {in_words(len(incidents) - 1)} more below" if len(incidents) > 1 else ""
    window = time_span(worst["started_at"], worst["ended_at"], timezone)
    part = _part_of_week(worst, windows)
    return f"{_STAGES[worst['stage']]} had an incident, {window}: {part} of its failed and slow turns{more}."


def _part_of_week(incident: Row, windows: Sequence[Row]) -> str:
    """Return which part of a stage's failed and slow turns of the week an incident holds."""
    whole = sum(row["bad_turns"] for row in windows if row["stage"] == incident["stage"])
    share = incident["bad_turns"] / whole
    named = ((0.95, "nearly all"), (0.7, "three quarters"), (0.6, "two thirds"), (0.45, "half"))
    return next((words for least, words in named if share >= least), f"{100 * share:.0f}%")


def objectives_summary(objectives: Sequence[Row]) -> tuple[str, str]:
    """
    Return what became of the objectives: the verdict in a few words, and the sentences behind it.

    Args:
        objectives: Rows of the metric ``objectives_report``.
    """
    by_status: dict[str, list[Row]] = {}
    for objective in objectives:
        by_status.setdefault(objective["status"], []).append(objective)
    met, breached = len(by_status.get("met", [])), by_status.get("breached", [])
    if not met and not breached:
        verdict = f"None of the {in_words(len(objectives))} objectives can be judged."
    else:
        verdict = f"{in_words(met).capitalize() if met else 'None'} of {in_words(len(objectives))} objectives met"
        verdict += f", {in_words(len(breached))} breached." if breached else ", none breached."
    sentences = [_breach(objective) for objective in breached]
    if unsure := by_status.get("inconclusive"):
        names = sentence_start(join_words(_name(objective) for objective in unsure))
        sit, limit = ("sits", "its limit") if len(unsure) == 1 else ("sit", "their limits")
        sentences.append(f"{names} {sit} on {limit}: the week can’t say on which side.")
    if few := by_status.get("too few"):
        sentences.append(f"Too few turns or checks to judge {join_words(_name(objective) for objective in few)}.")
    if missing := by_status.get("not measured"):
        names = sentence_start(join_words(_name(objective) for objective in missing))
        sentences.append(f"{names} {'was' if len(missing) == 1 else 'were'} not recorded.")
    return verdict, " ".join(sentences)


def _largest_change(changes: Sequence[Row], objectives: Sequence[Row], compared: str) -> str:
    """Return the largest change of an objective, measured in what chance allows it."""
    if not changes or changes[0]["change_in_widths"] is None:
        return ""
    largest = changes[0]
    objective = next(row for row in objectives if row["objective"] == largest["objective"])
    if largest["change_in_widths"] < 1:
        return f"Against {compared} nothing moved by more than chance."
    now, before = (amount(largest[key], objective["unit"]) for key in ("measured", "measured_before"))
    text = f"The largest change: {_name(objective)}, {now} after {before} in {compared}"
    if largest["median_of_four"] is not None:
        text += f" and {amount(largest['median_of_four'], objective['unit'])} in the median of the four weeks before"
    return f"{text}."


def incidents_summary(
    incidents: Sequence[Row], windows: Sequence[Row], objectives: Sequence[Row], timezone: str
) -> str:
    """
    Return the time windows in which a stage was bad, in one or two sentences.

    Args:
        incidents: Rows of :func:`bakame_duck.stats.incidents.find_incidents`.

        windows: Rows of ``bad_turns``.

        objectives: Rows of ``objectives_report``: what lasts all week is no incident, but breaches them.

        timezone: The time zone that instants are shown in.
    """
    if not windows:
        return "No turn of this week has a timing."
    stages = {row["stage"] for row in windows}
    breached = [row for row in objectives if row["status"] == "breached" and row["stage"] in stages]
    if not incidents and breached:
        return (
            "No time of the week stands out from the rest of it. A fault that lasts all week can’t; breached over the "
            f"whole of it: {join_words(_name(objective) for objective in breached)}."
        )
    if not incidents:
        return "No time of the week stands out: failed and slow turns came no thicker than chance allows."
    worst = incidents[0]
    window = time_span(worst["started_at"], worst["ended_at"], timezone)
    text = (
        f"{_STAGES[worst['stage']]}, {window}: "
        f"{count(worst['bad_turns'])} of {pluralize(worst['turns'], 'turn')} failed "
        f"or were over target, {_part_of_week(worst, windows)} of the week’s."
    )
    if len(incidents) > 1:
        text += (
            f" {in_words(len(incidents) - 1).capitalize()} more {'stands' if len(incidents) == 2 else 'stand'} below."
        )
    return text


def blame_summary(pushed: Sequence[Row], limit: float) -> str:
    """
    Return what pushed the slow turns over the target, in one or two sentences.

    Args:
        pushed: Rows of ``slow_turns_by_stage``.

        limit: The target of the whole turn, in ms.
    """
    turns = sum(row["turns"] for row in pushed)
    if not turns:
        return f"No turn took {milliseconds(limit)} or more."
    by_stage: dict[str, int] = {}
    for row in pushed:
        by_stage[row["pushed_by"]] = by_stage.get(row["pushed_by"], 0) + row["turns"]
    first, number = max(by_stage.items(), key=lambda item: item[1])
    worst_day = max((row for row in pushed if row["pushed_by"] == first), key=lambda row: row["turns"])
    text = f"{pluralize(turns, 'turn')} took {milliseconds(limit)} or more. "
    text += f"{sentence_start(_BLAMED[first])} pushed {count(number)} of them over"
    if worst_day["median_excess_ms"] is not None:
        excess = milliseconds(worst_day["median_excess_ms"])
        text += f"; on {worst_day['day']:%A}, its worst day, by {excess} in the median"
    return f"{text}."


def unattributed_summary(row: Row) -> str:
    """Return how much of the turns' time no stage explains, from the row of ``unattributed_latency``."""
    if not row["turns"]:
        return ""
    if not row["turns_with_unattributed"]:
        return "The stages explain every turn’s total to the millisecond."
    return (
        f"In {pluralize(row['turns_with_unattributed'], 'turn')} of {count(row['turns'])} "
        "the stages do not add up to the "
        f"total: {milliseconds(row['p95_ms'])} stay unattributed at p95, {milliseconds(row['max_ms'])} at most."
    )


def hours_summary(hours: Sequence[Row], percentile: str) -> str:
    """
    Return when turns were slow, in one sentence.

    Args:
        hours: Rows of ``latency_by_hour``.

        percentile: Which of its columns is drawn, ``p50_ms`` or ``p95_ms``.
    """
    if not hours:
        return "No turn of this week has a timing."
    what = "p95" if percentile == "p95_ms" else "Median"
    why = "" if percentile == "p95_ms" else "; an hour has too few turns for a p95"
    return f"{what} of the whole turn by local hour{why}."


def callers_summary(weeks: Sequence[Row], cohorts: Sequence[Row]) -> str:
    """
    Return who called this week, and how many of last week's new callers came back.

    Args:
        weeks: Rows of ``callers_by_week``, the newest last.

        cohorts: Rows of ``caller_cohorts``.
    """
    if not weeks:
        return "Nobody called in this time."
    week = weeks[-1]
    text = (
        f"{pluralize(week['callers'], 'caller')}: {count(week['new_callers'])} called for the first time, "
        f"{count(week['returning_callers'])} had called before."
    )
    later = [row for row in cohorts if row["weeks_later"] == 1]
    if later:
        back = 100 * sum(row["active_callers"] for row in later) / sum(row["cohort_callers"] for row in later)
        text += f" Of those who came new in earlier weeks, {percent(back)} called again in the week after."
    return text


def slowest_summary(turns: Sequence[Row], limit: float) -> str:
    """Return how long the callers of the slowest calls waited, from the rows of ``slowest_calls``."""
    if not turns:
        return f"No call had a turn over {milliseconds(limit)}."
    calls = {row["place"]: row for row in turns}
    return (
        f"The {in_words(len(calls))} calls whose callers waited longest beyond {milliseconds(limit)} a turn; "
        f"the first waited {calls[1]['waited_ms'] / 1000:,.0f} s too long."
    )


def call_subtitle(turn: Row, timezone: str) -> str:
    """Return when one of the slowest calls began and how long its caller waited beyond the target."""
    return f"{moment(turn['started_at'], timezone)} · {turn['waited_ms'] / 1000:,.0f} s too long"


def late_rows_summary(files: Sequence[Row]) -> str:
    """Return how many records came late, in one sentence."""
    if not files:
        return "No record stands more than ten minutes behind a later one."
    behind, late = "more than ten minutes behind a later one of", sum(row["rows"] for row in files)
    return f"{pluralize(late, f'record stands {behind} its', f'records stand {behind} their')} file."


def personal_data_summary(places: Sequence[Row]) -> str:
    """Return how many texts hold personal data that redaction missed, in one sentence."""
    if not places:
        return "No phone number, e-mail address or confirmed name stands in a text of this week."
    kinds: dict[str, int] = {}
    for row in places:
        kinds[row["kind"]] = kinds.get(row["kind"], 0) + row["found"]
    parts = join_words(pluralize(number, kind) for kind, number in sorted(kinds.items(), key=lambda item: -item[1]))
    return f"In the texts of this week stand {parts}: redaction missed them. Here are their places, not their text."


def _breach(objective: Row) -> str:
    measured, limit = amount(objective["measured"], objective["unit"]), target_value(objective)
    match objective["kind"]:
        case "latency":
            return f"{_STAGES[objective['stage']]} took {measured} at p95, over its {limit}."
        case "error rate" if objective["stage"] == "total":
            return f"{measured} of the turns failed, over the {limit} allowed."
        case "error rate":
            stage = _STAGES[objective["stage"]]
            return f"{stage} failed in {measured} of the turns that reached it, over the {limit} allowed."
        case _ if objective["objective"] == "uptime":
            return f"The service answered {measured} of the time, under its {limit}."
        case _:
            return f"{measured} of the health checks were good, under the {limit} wanted."


def _name(objective: Row) -> str:
    """Return an objective's title as it reads inside a sentence: 'ASR errors', 'the whole turn', 'uptime'."""
    title = str(objective["title"])
    if title.startswith("Errors, "):
        return f"{title.removeprefix('Errors, ')} errors"
    return title if title[:2].isupper() else title[0].lower() + title[1:]


def activity_cards(
    now: Row, before: Row, days: int = 7, compared: str = "the week before"
) -> list[tuple[str, str, str]]:
    """
    Return the key figures of a week: title, value and remark of each.

    Args:
        now: The row of the metric ``activity`` for the week.

        before: The same for the span that it is compared with.

        days: How many days a whole week has.

        compared: What that span is called.
    """
    calls = now["calls"]
    rate_before = percent(before["error_rate_percent"])
    return [
        ("Turns", count(now["turns"]), change(now, before, days, compared)),
        ("Calls", count(calls), f"{now['turns'] / calls:.1f} turns a call" if calls else "none began"),
        (
            "Callers",
            count(now["callers"]),
            f"{count(now['new_callers'])} new, {count(now['returning_callers'])} came back",
        ),
        (
            "Turns with an error",
            percent(now["error_rate_percent"]),
            f"{rate_before} {compared}" if before["turns"] else f"no turns {compared}",
        ),
    ]


def latency_summary(objectives: Sequence[Row]) -> str:
    """Return which stages kept to their latency over the week, in a sentence or two."""
    latencies = [row for row in objectives if row["kind"] == "latency" and row["measured"] is not None]
    if not latencies:
        return "No turn of this week has a timing."
    parts = [
        f"{words}: {join_words(stages)}"
        for status, words in (
            ("breached", "over target"),
            ("met", "within target"),
            ("inconclusive", "too close to say"),
            ("too few", "too few turns to say"),
        )
        if (stages := [STAGE_TITLES[row["stage"]].lower() for row in latencies if row["status"] == status])
    ]
    text = f"At p95 over the whole week, {'; '.join(parts)}."
    status_of = {row["objective"]: row["status"] for row in objectives}
    if status_of.get("total_latency") == "met" and status_of.get("error_rate") == "breached":
        failed = next(row["measured"] for row in objectives if row["objective"] == "error_rate")
        text += f" The {percent(failed)} of the turns that failed count in the whole turn too, and can end early."
    return text


def errors_summary(by_stage: Sequence[Row], by_message: Sequence[Row]) -> str:
    """Return where the errors came from, and which are new, in a few sentences."""
    failed = sum(row["errors"] for row in by_stage)
    if not failed:
        return "No turn of this week failed."
    worst = max(by_stage, key=lambda row: row["errors"])
    stage = f"in {_STAGES[worst['stage']].lower()}" if worst["stage"] in _STAGES else "where no stage can be named"
    commonest = by_message[0]
    return (
        f"{pluralize(failed, 'turn')} failed, {count(worst['errors'])} of them {stage}. "
        f"The commonest message, “{shortened(sanitize(commonest['message']))}”, stands for {count(commonest['turns'])}."
        f"{_new(by_message)}"
    )


def _new(by_message: Sequence[Row]) -> str:
    new = sum(row["is_new"] is True for row in by_message)
    seen = "message was" if new == 1 else "messages were"
    return f" {sentence_start(in_words(new))} {seen} not seen in the four weeks before." if new else ""


def modules_summary(modules: Sequence[Row]) -> str:
    """Return how the turns were given their learning module, in one or two sentences."""
    turns = sum(row["turns"] for row in modules)
    if not turns:
        return "No turn in this week."
    by_caller = sum(row["turns_by_caller"] for row in modules)
    unknown = sum(row["turns"] for row in modules if row["module_name"] is None)
    attributed = [f"{count(turns - by_caller - unknown)} were given that of their call"]
    attributed += [f"{count(by_caller)} that of their caller"] if by_caller else []
    attributed += [f"{count(unknown)} none"] if unknown else []
    return f"The log names no learning module for a turn: {join_words(attributed)}."


def calls_summary(calls: Sequence[Row], days: Sequence[date]) -> str:
    """
    Return which day was the busiest, and which had no call.

    Args:
        calls: Rows of ``calls_per_day``.

        days: The days of the period.
    """
    if not calls:
        return "No call started in this time."
    busiest = max(calls, key=lambda row: row["calls"])
    text = f"{busiest['day']:%A} was the busiest day: {pluralize(busiest['calls'], 'call')}"
    text += f" by {pluralize(busiest['callers'], 'caller')}."
    if missing := sorted(set(days) - {row["day"] for row in calls}):
        text += f" No call is on record for {join_words(f'{day:%A} {day.day} {day:%B}' for day in missing)}."
    return text


def availability_summary(days: Sequence[Row]) -> str:
    """Return how long the service was away, in one sentence."""
    if not days:
        return "No health_checks*.jsonl speaks of this time, so nothing can be said of uptime."
    away = sum(row["observed_minutes"] - row["up_minutes"] for row in days)
    unhealthy = sum(row["checks"] - row["healthy_checks"] for row in days)
    checks = sum(row["checks"] for row in days)
    answered = f"was silent for {pluralize(round(away), 'minute')}" if away >= 1 else "always answered"
    return (
        f"Over {pluralize(sum(row['checks'] > 0 for row in days), 'day')} with checks the service {answered}; "
        f"{count(unhealthy)} of {pluralize(checks, 'health check')} found it unhealthy."
    )
