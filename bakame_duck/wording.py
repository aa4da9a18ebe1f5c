"""
Say numbers in words: the sentences, labels and units of the reports.

Rows in, text out. Nothing here computes a metric, and nothing here is HTML.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

Row = dict[str, Any]

_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_STAGES = {
    "asr": "Speech recognition",
    "llm": "The language model",
    "tts": "Speech synthesis",
    "total": "The whole turn",
}
STAGE_TITLES = {
    "asr": "Speech recognition",
    "llm": "Language model",
    "tts": "Speech synthesis",
    "total": "Whole turn",
    "unknown": "Unknown",
}


def count(number: float | None) -> str:
    """Return 5812 as '5,812'."""
    return "–" if number is None else f"{number:,.0f}"


def milliseconds(number: float | None) -> str:
    """Return 2314.2 as '2,314 ms'."""
    return "–" if number is None else f"{number:,.0f} ms"


def percent(number: float | None) -> str:
    """Return 3.14 as '3.1%'; close to 100 as many digits as tell it from 100."""
    if number is None:
        return "–"
    digits = 2 if 99 < number < 100 or 0 < number < 0.1 else 1
    return f"{number:.{digits}f}%"


def decimal(number: float | None, digits: int = 2) -> str:
    """Return 0.951 as '0.95'."""
    return "–" if number is None else f"{number:.{digits}f}"


def amount(number: float | None, unit: str) -> str:
    """Return *number* in the *unit* of an objective, 'ms' or '%'."""
    return milliseconds(number) if unit == "ms" else percent(number)


def target(objective: Row) -> str:
    """Return the target of an objective, such as 'p95 < 2,000 ms' or '> 99.5%'."""
    return f"{'p95 ' if objective['kind'] == 'latency' else ''}{objective['comparison']} {_limit(objective)}"


def _limit(objective: Row) -> str:
    return f"{objective['target']:g}%" if objective["unit"] == "%" else milliseconds(objective["target"])


def change(now: Row, before: Row, days: int) -> str:
    """
    Return how the turns of a period compare with those of the one before, such as '+4% on the week before'.

    Args:
        now: The row of the metric ``activity`` for the period.

        before: The same for the one before.

        days: How many days a whole period has.
    """
    for row, name in ((now, "turns"), (before, "turns before")):
        if row["days_with_turns"] < days:
            return f"{name} on {row['days_with_turns']} of {days} days: not compared"
    return f"{100 * (now['turns'] - before['turns']) / before['turns']:+.0f}% on the week before".replace("-", "−")


def several(number: int, noun: str) -> str:
    """Return '1 turn' or '5,812 turns'."""
    return f"{count(number)} {noun}{'' if number == 1 else 's'}"


def in_words(number: int) -> str:
    """Return 6 as 'six'; above ten the figure."""
    return _NUMBERS[number] if number < len(_NUMBERS) else count(number)


def listed(items: Iterable[str]) -> str:
    """Return 'a, b and c'."""
    words = list(items)
    return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))


def day_span(first: date, last: date) -> str:
    """Return 'Monday 12 to Sunday 18 January 2026', naming month and year once where they agree."""
    if first == last:
        return f"{last:%A} {last.day} {last:%B %Y}"
    left = f"{first:%A} {first.day}"
    if (first.year, first.month) != (last.year, last.month):
        left += f" {first:%B}"
    if first.year != last.year:
        left += f" {first.year}"
    return f"{left} to {last:%A} {last.day} {last:%B %Y}"


def moment(instant: datetime, timezone: str) -> str:
    """Return an instant in naive UTC as '15 Jan 14:10' in *timezone*."""
    local = instant.replace(tzinfo=UTC).astimezone(ZoneInfo(timezone))
    return f"{local.day} {local:%b %H:%M}"


def objectives_lead(objectives: Sequence[Row]) -> tuple[str, str]:
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
    if few := by_status.get("too few"):
        sentences.append(f"Too few turns or checks to judge {listed(_name(objective) for objective in few)}.")
    if missing := by_status.get("not measured"):
        names = listed(_name(objective) for objective in missing)
        sentences.append(f"{names[0].upper()}{names[1:]} {'was' if len(missing) == 1 else 'were'} not recorded.")
    return verdict, " ".join(sentences)


def _breach(objective: Row) -> str:
    measured, limit = amount(objective["measured"], objective["unit"]), _limit(objective)
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


def activity_cards(now: Row, before: Row, days: int = 7) -> list[tuple[str, str, str]]:
    """
    Return the key figures of a week: title, value and remark of each.

    Args:
        now: The row of the metric ``activity`` for the week.

        before: The same for the week before.

        days: How many days a whole week has.
    """
    calls = now["calls"]
    return [
        ("Turns", count(now["turns"]), change(now, before, days)),
        ("Calls", count(calls), f"{now['turns'] / calls:.1f} turns a call" if calls else "none began"),
        ("Callers", count(now["callers"]), f"{count(now['new_callers'])} new"),
        (
            "Turns with an error",
            percent(now["error_rate_percent"]),
            f"{percent(before['error_rate_percent'])} the week before" if before["turns"] else "no week before",
        ),
    ]


def latency_lead(objectives: Sequence[Row]) -> str:
    """Return which stages kept to their latency over the week, in one sentence."""
    latencies = [row for row in objectives if row["kind"] == "latency" and row["measured"] is not None]
    if not latencies:
        return "No turn of this week has a timing."
    parts = [
        f"{words}: {listed(stages)}"
        for status, words in (
            ("breached", "over target"),
            ("met", "within target"),
            ("too few", "too few turns to say"),
        )
        if (stages := [STAGE_TITLES[row["stage"]].lower() for row in latencies if row["status"] == status])
    ]
    return f"At p95 over the whole week, {'; '.join(parts)}."


def errors_lead(by_stage: Sequence[Row], by_message: Sequence[Row]) -> str:
    """Return where the errors came from, in one or two sentences."""
    failed = sum(row["errors"] for row in by_stage)
    if not failed:
        return "No turn of this week failed."
    worst = max(by_stage, key=lambda row: row["errors"])
    stage = f"in {_STAGES[worst['stage']].lower()}" if worst["stage"] in _STAGES else "where no stage can be named"
    commonest = by_message[0]
    return (
        f"{several(failed, 'turn')} failed, {count(worst['errors'])} of them {stage}. "
        f"The commonest message, “{commonest['message']}”, stands for {count(commonest['turns'])}."
    )


def modules_lead(modules: Sequence[Row]) -> str:
    """Return how the turns were given their learning module, in one or two sentences."""
    turns = sum(row["turns"] for row in modules)
    if not turns:
        return "No turn in this week."
    by_caller = sum(row["turns_by_caller"] for row in modules)
    unknown = sum(row["turns"] for row in modules if row["module_name"] is None)
    attributed = [f"{count(turns - by_caller - unknown)} were given that of their call"]
    attributed += [f"{count(by_caller)} that of their caller"] if by_caller else []
    attributed += [f"{count(unknown)} none"] if unknown else []
    return f"The log names no learning module for a turn: {listed(attributed)}."


def calls_lead(calls: Sequence[Row], days: Sequence[date]) -> str:
    """
    Return which day was the busiest, and which had no call.

    Args:
        calls: Rows of ``calls_per_day``.

        days: The days of the period.
    """
    if not calls:
        return "No call started in this time."
    busiest = max(calls, key=lambda row: row["calls"])
    text = f"{busiest['day']:%A} was the busiest day: {several(busiest['calls'], 'call')}"
    text += f" by {several(busiest['callers'], 'caller')}."
    if missing := sorted(set(days) - {row["day"] for row in calls}):
        text += f" No call is on record for {listed(f'{day:%A} {day.day} {day:%B}' for day in missing)}."
    return text


def availability_lead(days: Sequence[Row]) -> str:
    """Return how long the service was away, in one sentence."""
    if not days:
        return "No health_checks*.jsonl speaks of this time, so nothing can be said of uptime."
    away = sum(row["observed_minutes"] - row["up_minutes"] for row in days)
    unhealthy = sum(row["checks"] - row["healthy_checks"] for row in days)
    checks = sum(row["checks"] for row in days)
    answered = f"was silent for {several(round(away), 'minute')}" if away >= 1 else "always answered"
    return (
        f"Over {several(sum(row['checks'] > 0 for row in days), 'day')} with checks the service {answered}; "
        f"{count(unhealthy)} of {several(checks, 'health check')} found it unhealthy."
    )


def ledger_lead(files: Sequence[Row]) -> str:
    """Return what became of the records of all files, in one or two sentences."""
    read = [row for row in files if row["state"] in ("sound", "repaired")]
    records, rows, rejects = (sum(row[key] for row in read) for key in ("records", "rows", "rejects"))
    pending = sum(row["pending_bytes"] > 0 for row in read)
    give = "gives" if len(files) == 1 else "give"
    text = (
        f"The {several(len(files), 'log file')} of the folder, of all weeks, {give} {several(records, 'record')}: "
        f"{count(rows)} read, {count(rejects)} rejected, {count(pending)} still being written."
    )
    empty_handed = [row for row in read if row["rejects"] and not row["rows"]]
    for number, one, many in (
        (sum(row["state"] == "repaired" for row in read), "had to be repaired", "had to be repaired"),
        (len(empty_handed), "of these gave no row at all", "of these gave no row at all"),
        (
            sum(row["state"] == "duplicate" for row in files),
            "repeats another, and counts once",
            "repeat others, and count once",
        ),
        (sum(row["state"] == "unreadable" for row in files), "cannot be read", "cannot be read"),
    ):
        if number:
            text += f" {in_words(number).capitalize()} {one if number == 1 else many}."
    return text


def configuration_names(configurations: Sequence[Row]) -> list[str]:
    """
    Return a short name for each TTS configuration: its voice, and the settings that tell it apart.

    Args:
        configurations: Rows of the metric ``tts_configurations``.
    """
    names = [_voice(row) for row in configurations]
    for setting in ("tts_rate", "tts_pitch", "audio_encoding", "chunk_pause_ms", "tts_style", "tts_provider"):
        for name in {name for name in names if names.count(name) > 1}:
            same = [index for index, other in enumerate(names) if other == name]
            if len({configurations[index][setting] for index in same}) > 1:
                for index in same:
                    names[index] = f"{name} {_setting(configurations[index][setting])}"
    return names


def configuration_settings(row: Row) -> str:
    """Return all settings of a TTS configuration in one line."""
    settings = ("tts_provider", "tts_voice", "tts_rate", "tts_pitch", "tts_style", "audio_encoding")
    pause = "–" if row["chunk_pause_ms"] is None else f"pause {milliseconds(row['chunk_pause_ms'])}"
    return " · ".join([*(_setting(row[setting]) for setting in settings), pause])


def _voice(row: Row) -> str:
    voice = row["tts_voice"] or row["tts_provider"]
    parts = [part for part in voice.replace(".", "-").split("-") if part not in ("aura", "en", "Polly")]
    return " ".join(parts).capitalize() or voice


def _setting(value: object) -> str:
    return "–" if value is None else f"{value:.2f}" if isinstance(value, float) and value < 10 else f"{value}"


def configuration_lead(configurations: Sequence[Row], limit: float, fewest: int) -> tuple[str, str]:
    """
    Return the fastest configuration in a few words, and the sentences behind it.

    Args:
        configurations: Rows of ``tts_configurations`` with a ``name``, the most used first.

        limit: The target of the TTS latency at p95, in ms.

        fewest: The turns below which a p95 is not judged.
    """
    if not configurations:
        return "No TTS metrics in this time.", "The logs of this time have no TTS columns, or no turn that filled them."
    judged = [row for row in configurations if row["turns"] >= fewest and row["p95_ms"] is not None]
    if not judged:
        return "Too few turns to compare.", f"A p95 needs {count(fewest)} turns; no configuration has them."
    today = judged[0]
    fastest = min(judged, key=lambda row: row["p95_ms"])
    verdict = f"{fastest['name']} was the fastest: {milliseconds(fastest['p95_ms'])} at p95."
    sentences = []
    if fastest is not today:
        gap = today["p95_ms"] - fastest["p95_ms"]
        sentences.append(f"That is {milliseconds(gap)} less than {today['name']}, the most used.")
    if over := [row["name"] for row in judged if row["p95_ms"] >= limit]:
        sentences.append(f"{listed(over)} {'is' if len(over) == 1 else 'are'} over the {milliseconds(limit)} target.")
    if few := [row["name"] for row in configurations if row not in judged]:
        sentences.append(f"{listed(few)} {'has' if len(few) == 1 else 'have'} too few turns to judge.")
    sentences.append("These are plain differences: answers of other lengths and hours may explain part of them.")
    return verdict, " ".join(sentences)
