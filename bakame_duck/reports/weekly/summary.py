"""
Summarize the week in sentences: objectives, incidents, changes, coverage.

Rows in, text out. Nothing here computes a metric, and nothing here is HTML.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from bakame_duck.formatting import (
    Row,
    amount,
    count,
    in_words,
    join_words,
    pluralize,
    sentence_start,
    target_value,
    time_span,
)
from bakame_duck.reports.results import takes

STAGES = {
    "asr": "Speech recognition",
    "llm": "The language model",
    "tts": "Speech synthesis",
    "total": "The whole turn",
}
_HALF_A_DAY = timedelta(hours=12)


@takes("rows")
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

        windows: Rows of ``slo_violation_windows``.

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


@takes("rows")
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


def _breach(objective: Row) -> str:
    measured, limit = amount(objective["measured"], objective["unit"]), target_value(objective)
    match objective["kind"]:
        case "latency":
            return f"{STAGES[objective['stage']]} took {measured} at p95, over its {limit}."
        case "error rate" if objective["stage"] == "total":
            return f"{measured} of the turns failed, over the {limit} allowed."
        case "error rate":
            stage = STAGES[objective["stage"]]
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


@takes("row")
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
    return f"{STAGES[worst['stage']]} had an incident, {window}: {part} of its failed and slow turns{more}."


def _part_of_week(incident: Row, windows: Sequence[Row]) -> str:
    """Return which part of a stage's failed and slow turns of the week an incident holds."""
    whole = sum(row["bad_turns"] for row in windows if row["stage"] == incident["stage"])
    share = incident["bad_turns"] / whole
    named = ((0.95, "nearly all"), (0.7, "three quarters"), (0.6, "two thirds"), (0.45, "half"))
    return next((words for least, words in named if share >= least), f"{100 * share:.0f}%")


@takes("rows")
def incidents_summary(
    incidents: Sequence[Row], windows: Sequence[Row], objectives: Sequence[Row], timezone: str
) -> str:
    """
    Return the time windows in which a stage was bad, in one or two sentences.

    Args:
        incidents: Rows of :func:`bakame_duck.stats.incidents.find_incidents`.

        windows: Rows of ``slo_violation_windows``.

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
        f"{STAGES[worst['stage']]}, {window}: "
        f"{count(worst['bad_turns'])} of {pluralize(worst['turns'], 'turn')} failed "
        f"or were over target, {_part_of_week(worst, windows)} of the week’s."
    )
    if len(incidents) > 1:
        text += (
            f" {in_words(len(incidents) - 1).capitalize()} more {'stands' if len(incidents) == 2 else 'stand'} below."
        )
    return text
