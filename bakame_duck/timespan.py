"""
Find the weeks and day spans that reports cover.

Days and weeks are those of a time zone. The instants that bound them are naive UTC and
half-open, as in every view and metric.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bakame_duck.errors import PeriodError, UsageError
from bakame_duck.formatting import day_span

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_WEEK = re.compile(r"(\d{4})-?W(\d{1,2})", re.IGNORECASE)


@dataclass(frozen=True)
class Period:
    """
    A span of whole days in a time zone.

    Attributes:
        label: Its short name, ``2026-W03`` or ``2025-12-22-to-2026-01-18``.

        first: Its first day.

        last: Its last day.

        timezone: The time zone that cuts the days.
    """

    label: str
    first: date
    last: date
    timezone: str

    @property
    def since(self) -> datetime:
        """The instant at which it starts, naive UTC."""
        return _midnight(self.first, self.timezone)

    @property
    def until(self) -> datetime:
        """The instant before which it ends, naive UTC."""
        return _midnight(self.last + timedelta(days=1), self.timezone)

    @property
    def title(self) -> str:
        """The days in words."""
        return day_span(self.first, self.last)

    @property
    def days(self) -> list[date]:
        """Its days, one by one."""
        return days_of(self.since, self.until, self.timezone)

    @property
    def is_week(self) -> bool:
        """Whether it is an ISO week."""
        return self.first.weekday() == 0 and self.last - self.first == timedelta(days=6)

    @property
    def before(self) -> Period:
        """The same number of days directly before."""
        days = self.last - self.first + timedelta(days=1)
        return _named(self.first - days, self.last - days, self.timezone)


def to_naive_utc(instant: datetime) -> datetime:
    """Return *instant* as naive UTC, as files and views contain it; without a zone it is UTC already."""
    return instant.astimezone(UTC).replace(tzinfo=None) if instant.tzinfo else instant


def overlaps(
    first_at: datetime | None, last_at: datetime | None, since: datetime | None, until: datetime | None
) -> bool:
    """Return whether records from *first_at* to *last_at* can be in the range from *since* to before *until*."""
    if since is None and until is None:
        return True
    if first_at is None or last_at is None:
        return False
    return (since is None or last_at >= since) and (until is None or first_at < until)


def choose_period(
    con: DuckDBPyConnection, *, week: str | None, since: str | None, until: str | None, timezone: str
) -> Period:
    """
    Return the days that a report covers.

    Args:
        con: A connection made by :func:`bakame_duck.connect`.

        week: An ISO week such as ``2026-W03``, or ``latest`` as in :func:`choose_week`; not used with *since* and
            *until*.

        since: The first day, such as ``2025-12-22``.

        until: The day after the last.

        timezone: The time zone of days and weeks.

    Raises:
        PeriodError: The values don't name a week or days; or there are no records, for ``latest``.
    """
    if since is not None and until is not None:
        days = parse_days(since, until, timezone)
        return _named(days.first, days.last, timezone)
    if since is not None or until is not None or week is None:
        raise PeriodError("A report covers a week, or the days from since to until", hint="Give both since and until.")
    return choose_week(con, week, timezone) if week == "latest" else parse_week(week, timezone)


def period_between(since: datetime, until: datetime, timezone: str) -> Period:
    """Return the days of *timezone* from *since* to before *until*, both in naive UTC; a week has a week's label."""
    days = days_of(since, until, timezone)
    return _named(days[0], days[-1], timezone)


def days_of(since: datetime, until: datetime, timezone: str) -> list[date]:
    """Return the days of *timezone* from *since* to before *until*, both in naive UTC."""
    first, end = (instant.replace(tzinfo=UTC).astimezone(ZoneInfo(timezone)).date() for instant in (since, until))
    return [first + timedelta(days=number) for number in range((end - first).days)]


def check_timezone(name: str) -> str:
    """
    Return *name* when there is such a time zone.

    Raises:
        UsageError: There is none.
    """
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise UsageError(f"There is no time zone {name}", hint="Name one such as Africa/Kigali or UTC.") from error
    return name


def choose_week(con: DuckDBPyConnection, week: str, timezone: str) -> Period:
    """
    Return the ISO week that *week* names.

    Args:
        con: A connection made by :func:`bakame_duck.connect`.

        week: Such as ``2026-W03``, or ``latest``: the newest with a record before the week of the last
            record, which may not be over; or the only one.

        timezone: The time zone that cuts the week.

    Raises:
        PeriodError: There is no such week, or the logs have no record in it.
    """
    if week != "latest":
        return require_records(con, parse_week(week, timezone))
    _, last = _first_and_last(con)
    this = _week(_monday_of(last, timezone), timezone)
    earlier = _in_last_week_before(con, this.since)
    return this if earlier is None else _week(_monday_of(earlier, timezone), timezone)


def newest_weeks(con: DuckDBPyConnection, weeks: int, timezone: str) -> list[Period]:
    """
    Return the *weeks* newest whole ISO weeks with a record, oldest first; all of them, if there are fewer.

    Whole are those before the week of the last record, which may not be over; or the only one.

    Raises:
        PeriodError: The logs have no record.
    """
    newest = choose_week(con, "latest", timezone)
    found = [newest]
    first, _ = _first_and_last(con)
    while len(found) < weeks and found[0].since > first:
        earlier = _in_last_week_before(con, found[0].since)
        if earlier is None:
            break
        found.insert(0, _week(_monday_of(earlier, timezone), timezone))
    return found


def require_records(con: DuckDBPyConnection, period: Period) -> Period:
    """
    Return *period* when the logs have a record in it.

    Raises:
        PeriodError: They have none.
    """
    first, last = _first_and_last(con)
    try:
        span = [period.since, period.until]
    except OverflowError as error:
        raise PeriodError(f"{period.label} leaves the calendar", hint="Years run from 2 to 9998.") from error
    found = con.execute("select count(*) from user_sessions where timestamp >= $1 and timestamp < $2", span)
    if found.fetchall() == [(0,)]:
        weeks = [_week(_monday_of(instant, period.timezone), period.timezone).label for instant in (first, last)]
        raise PeriodError(f"The logs have no record in {period.label}", hint=f"They cover {weeks[0]} to {weeks[1]}.")
    return period


def parse_instant(text: str) -> datetime:
    """
    Return the instant that *text* names, ISO 8601 or a day, as naive UTC.

    Raises:
        PeriodError: It names none.
    """
    try:
        instant = datetime.fromisoformat(text.strip())
        return to_naive_utc(instant)
    except (ValueError, OverflowError) as error:
        raise PeriodError(
            f"'{text}' is not an instant", hint="Instants are written 2026-01-12 or 2026-01-12T10:30:00Z."
        ) from error


def check_week(text: str | None, timezone: str) -> None:
    """
    Refuse what :func:`choose_week` would, without a look at the logs.

    Raises:
        PeriodError: There is no such week.
    """
    if text not in (None, "latest"):
        parse_week(str(text), timezone)


def parse_days(since: str, until: str, timezone: str) -> Period:
    """
    Return the days from *since* to before *until*, both written ``2026-01-12``.

    Raises:
        PeriodError: They are no days, or in the wrong order.
    """
    try:
        first, end = date.fromisoformat(since), date.fromisoformat(until)
    except ValueError as error:
        raise PeriodError(f"{since} or {until} is not a day", hint="Days are written 2026-01-12.") from error
    if end <= first:
        raise PeriodError(f"{until} is not after {since}", hint="--until is the day after the last one wanted.")
    last = end - timedelta(days=1)
    return Period(_label(first, last), first, last, timezone)


def parse_week(text: str, timezone: str) -> Period:
    """
    Return the ISO week that *text* names, such as ``2026-W03``.

    Raises:
        PeriodError: There is no such week.
    """
    try:
        match = _WEEK.fullmatch(text.strip())
        if match is None:
            raise ValueError
        return _week(date.fromisocalendar(int(match[1]), int(match[2]), 1), timezone)
    except (ValueError, OverflowError) as error:
        raise PeriodError(
            f"There is no week {text}", hint="ISO weeks are written 2026-W03; 'latest' is the newest whole one."
        ) from error


def _first_and_last(con: DuckDBPyConnection) -> tuple[datetime, datetime]:
    first, last = con.execute("select first_at, last_at from ingest_totals").fetchall()[0]
    if first is None:
        raise PeriodError(
            "The logs hold no record with a usable timestamp",
            hint="'bakame-duck sql \"from ingest_files\"' tells what was read.",
        )
    return first, last


def _in_last_week_before(con: DuckDBPyConnection, monday: datetime) -> datetime | None:
    """Return an instant in the last week with a record before *monday*, the instant with which a week begins."""
    ends = """
        select max(case when last_at < $1 then last_at else first_at end)
        from ingest_files
        where first_at < $1 and state in ('sound', 'repaired')
    """
    found: datetime | None = con.execute(ends, [monday]).fetchall()[0][0]
    if found is None or monday - found < timedelta(days=6):  # no record is nearer by a week
        return found
    last = "select max(timestamp) from user_sessions where timestamp < $1 and timestamp >= $2"
    return con.execute(last, [monday, found]).fetchall()[0][0] or found


def _monday_of(instant: datetime, timezone: str) -> date:
    """Return the Monday of the ISO week that holds *instant*, in naive UTC."""
    day = instant.replace(tzinfo=UTC).astimezone(ZoneInfo(timezone)).date()
    return day - timedelta(days=day.weekday())


def _week(monday: date, timezone: str) -> Period:
    year, week, _ = monday.isocalendar()
    return Period(f"{year}-W{week:02}", monday, monday + timedelta(days=6), timezone)


def _named(first: date, last: date, timezone: str) -> Period:
    period = Period(_label(first, last), first, last, timezone)
    return _week(first, timezone) if period.is_week else period


def _label(first: date, last: date) -> str:
    return f"{first}-to-{last}" if first < last else f"{first}"


def _midnight(day: date, timezone: str) -> datetime:
    return datetime.combine(day, time(), ZoneInfo(timezone)).astimezone(UTC).replace(tzinfo=None)
