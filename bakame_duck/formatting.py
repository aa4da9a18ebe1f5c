"""
Format numbers, instants and lists as text: units, intervals, plurals.

Values in, text out. Nothing here computes a metric, and nothing here is HTML.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from typing import Any, TypeGuard
from zoneinfo import ZoneInfo

Row = dict[str, Any]

_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
STAGE_TITLES = {
    "asr": "Speech recognition",
    "llm": "Language model",
    "tts": "Speech synthesis",
    "total": "Whole turn",
    "unknown": "Unknown",
}


def count(number: float | None) -> str:
    """Return 5812 as '5,812'."""
    return f"{number:,.0f}" if _is_known(number) else "–"


def milliseconds(number: float | None) -> str:
    """Return 2314.2 as '2,314 ms'."""
    return f"{number:,.0f} ms" if _is_known(number) else "–"


def seconds(number: float | None) -> str:
    """Return 31.25 as '31.2 s'."""
    return f"{number:.1f} s" if _is_known(number) else "–"


def percent(number: float | None) -> str:
    """Return 3.14 as '3.1%'; near 100 with enough digits to differ from 100."""
    if not _is_known(number):
        return "–"
    if 99 < number < 100:
        return f"{min(round(number, 2), 99.99):.2f}%"
    return f"{number:.{2 if 0 < number < 0.1 else 1}f}%"


def decimal(number: float | None, digits: int = 2) -> str:
    """Return 0.951 as '0.95'."""
    return f"{number:.{digits}f}" if _is_known(number) else "–"


def _is_known(number: float | None) -> TypeGuard[float]:
    """Whether there is a finite number: the mean of very large numbers is not finite."""
    return number is not None and math.isfinite(number)


def amount(number: float | None, unit: str) -> str:
    """Return *number* in the *unit* of an objective, 'ms' or '%'."""
    return milliseconds(number) if unit == "ms" else percent(number)


def interval(low: float, high: float) -> str:
    """Return the ends of an interval, such as '2,240–2,395', with enough digits to differ."""
    digits = 0 if high >= 100.5 else 2 if 0 < high - low < 0.2 else 1
    return f"{low:,.{digits}f}–{high:,.{digits}f}"


def target(objective: Row) -> str:
    """Return the target of an objective, such as 'p95 < 2,000 ms' or '> 99.5%'."""
    return f"{'p95 ' if objective['kind'] == 'latency' else ''}{objective['comparison']} {target_value(objective)}"


def target_value(objective: Row) -> str:
    """Return the value of an objective's target with its unit, such as '2,000 ms'."""
    return f"{objective['target']:g}%" if objective["unit"] == "%" else milliseconds(objective["target"])


def pluralize(number: int, one: str, many: str = "") -> str:
    """Return '1 turn', '5,812 turns' or '2 addresses'; *many* is for irregular plurals."""
    return f"{count(number)} {one if number == 1 else many or one + ('es' if one.endswith('s') else 's')}"


def in_words(number: int) -> str:
    """Return 6 as 'six'; above ten the figure."""
    return _NUMBERS[number] if number < len(_NUMBERS) else count(number)


def join_words(items: Iterable[str]) -> str:
    """Return 'a, b and c'."""
    words = list(items)
    return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))


def day_span(first: date, last: date) -> str:
    """Return 'Monday 12 to Sunday 18 January 2026', with month and year once if they are equal."""
    if first == last:
        return f"{last:%A} {last.day} {last:%B %Y}"
    left = f"{first:%A} {first.day}"
    if (first.year, first.month) != (last.year, last.month):
        left += f" {first:%B}"
    if first.year != last.year:
        left += f" {first.year}"
    return f"{left} to {last:%A} {last.day} {last:%B %Y}"


def short_day(day: date) -> str:
    """Return 'Mon 12 Jan'."""
    return f"{day:%a} {day.day} {day:%b}"


def moment(instant: datetime, timezone: str) -> str:
    """Return an instant in naive UTC as '15 Jan 14:10' in *timezone*."""
    local = instant.replace(tzinfo=UTC).astimezone(ZoneInfo(timezone))
    return f"{local.day} {local:%b %H:%M}"


def sentence_start(text: str) -> str:
    """Return *text* with a capital letter at its start."""
    return text[0].upper() + text[1:]


def time_span(since: datetime, until: datetime, timezone: str) -> str:
    """Return 'Thursday 14:10 to 17:35' of two instants in naive UTC, with both days if they differ."""
    first, last = (instant.replace(tzinfo=UTC).astimezone(ZoneInfo(timezone)) for instant in (since, until))
    end = f"{last:%H:%M}" if first.date() == last.date() else f"{last:%A %H:%M}"
    return f"{first:%A %H:%M} to {end}"


def clock(seconds: float) -> str:
    """Return 83 as '1:23'."""
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"


def some_columns(names: Sequence[str]) -> str:
    """Return up to three names, or the first, the last and the number of many."""
    return ", ".join(names) if len(names) <= 3 else f"{names[0]} … {names[-1]} ({len(names)} columns)"


def rows_in_short(first: Sequence[int], found: int) -> str:
    """Return the numbers of the first rows, and the number of others."""
    more = found - len(first)
    return ", ".join(map(str, first)) + (f" and {count(more)} more" if more > 0 else "")


def shortened(text: str, max_length: int = 80) -> str:
    """Return *text*, cut to *max_length* characters."""
    return text if len(text) <= max_length else f"{text[: max_length - 1]}…"
