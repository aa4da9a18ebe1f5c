"""
Write the sentences of the weekly report's sections.

Rows in, text out. Nothing here computes a metric, and nothing here is HTML.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from bakame_duck.formatting import (
    STAGE_TITLES,
    Row,
    count,
    in_words,
    join_words,
    milliseconds,
    moment,
    percent,
    pluralize,
    sentence_start,
    shortened,
)
from bakame_duck.reports.results import takes
from bakame_duck.reports.weekly.summary import STAGES
from bakame_duck.sanitize import sanitize

_CAUSES = {
    "asr": "speech recognition",
    "llm": "the language model",
    "tts": "speech synthesis",
    "unattributed": "time that no stage explains",
    "together": "all stages together",
}


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


@takes("rows")
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


@takes("rows")
def slow_turns_summary(pushed: Sequence[Row], limit: float) -> str:
    """
    Return which stages pushed slow turns over the target, in one or two sentences.

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
    text += f"{sentence_start(_CAUSES[first])} pushed {count(number)} of them over"
    if worst_day["median_excess_ms"] is not None:
        excess = milliseconds(worst_day["median_excess_ms"])
        text += f"; on {worst_day['day']:%A}, its worst day, by {excess} in the median"
    return f"{text}."


@takes("row")
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


@takes("rows")
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


@takes("rows")
def errors_summary(by_stage: Sequence[Row], by_message: Sequence[Row]) -> str:
    """Return where the errors came from, and which are new, in a few sentences."""
    failed = sum(row["errors"] for row in by_stage)
    if not failed:
        return "No turn of this week failed."
    worst = max(by_stage, key=lambda row: row["errors"])
    stage = f"in {STAGES[worst['stage']].lower()}" if worst["stage"] in STAGES else "where no stage can be named"
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


@takes("rows")
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


@takes("rows")
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


@takes("rows")
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


@takes("rows")
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


def observed_days(days: Sequence[Row]) -> list[Row]:
    """Return the rows of ``availability`` for which health checks tell whether the service was up."""
    return [row for row in days if row["checks"] or row["observed_minutes"]]


@takes("rows")
def availability_summary(days: Sequence[Row]) -> str:
    """Return how long the service was unavailable, in one sentence, from the rows of ``availability``."""
    days = observed_days(days)
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


@takes("rows")
def out_of_order_summary(files: Sequence[Row]) -> str:
    """Return how many records came late, in one sentence."""
    if not files:
        return "No record stands more than ten minutes behind a later one."
    behind, late = "more than ten minutes behind a later one of", sum(row["rows"] for row in files)
    return f"{pluralize(late, f'record stands {behind} its', f'records stand {behind} their')} file."


@takes("rows")
def personal_data_summary(places: Sequence[Row]) -> str:
    """Return how many texts hold personal data that redaction missed, in one sentence."""
    if not places:
        return "No phone number, e-mail address or confirmed name stands in a text of this week."
    kinds: dict[str, int] = {}
    for row in places:
        kinds[row["kind"]] = kinds.get(row["kind"], 0) + row["found"]
    parts = join_words(pluralize(number, kind) for kind, number in sorted(kinds.items(), key=lambda item: -item[1]))
    return f"In the texts of this week stand {parts}: redaction missed them. Here are their places, not their text."
