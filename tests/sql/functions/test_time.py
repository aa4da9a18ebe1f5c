"""Days, weeks, windows and ranges of instants."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given as given_any
from hypothesis import strategies as st

ZONES = ["UTC", "Africa/Kigali", "Europe/Berlin", "America/St_Johns", "Asia/Kathmandu", "Australia/Lord_Howe"]


@pytest.fixture(scope="module")
def con(connection_without_logs):
    return connection_without_logs


def value(con, expression, *arguments):
    return con.execute(f"select {expression}", arguments).fetchall()[0][0]


@given_any(st.datetimes(datetime(1971, 1, 1), datetime(2037, 12, 31)), st.sampled_from(ZONES))
def test_days_and_weeks_are_those_of_the_clock(con, instant, zone):
    local = instant.replace(tzinfo=ZoneInfo("UTC")).astimezone(ZoneInfo(zone)).date()

    assert local == value(con, "local_day(?::timestamp, ?)", instant, zone)
    assert local - timedelta(days=local.weekday()) == value(con, "local_week(?::timestamp, ?)", instant, zone)
    assert local.isoweekday() == value(con, "iso_weekday(?::date)", local)


@given_any(st.dates(date(1971, 1, 1), date(2037, 12, 31)), st.sampled_from(ZONES))
def test_utc_of_a_midnight_is_the_instant_at_which_its_day_begins(con, day, zone):
    instant = value(con, "utc_of(?::date, ?)", day, zone)

    assert day == value(con, "local_day(?::timestamp, ?)", instant, zone)
    assert day - timedelta(days=1) == value(
        con, "local_day(?::timestamp, ?)", instant - timedelta(microseconds=1), zone
    )


@pytest.mark.parametrize("local", ["2026-03-29 02:30:00", "2026-10-25 02:30:00", None])
def test_utc_of_a_clock_that_is_set_differs_by_an_hour_at_most(con, local):
    found = value(con, "utc_of(?::timestamp, 'Europe/Berlin')", local)

    assert (local is None) == (found is None)
    assert found is None or abs(found - datetime.fromisoformat(local) + timedelta(minutes=90)) <= timedelta(minutes=30)


@given_any(st.datetimes(datetime(1, 1, 1), datetime(9998, 1, 1)), st.sampled_from([1, 5, 7, 60, 1440]))
def test_windows_are_cut_from_midnight(con, instant, minutes):
    midnight = datetime.combine(instant.date(), datetime.min.time())
    number = (instant - midnight) // timedelta(minutes=minutes)

    assert midnight + number * timedelta(minutes=minutes) == value(
        con, "window_of(?::timestamp, ?::integer)", instant, minutes
    )


def test_the_current_instant_is_in_utc_whatever_the_session_says(con):
    with con.cursor() as session:
        session.execute("set timezone = 'Asia/Kathmandu'")
        found = value(session, "utc_now()")

    assert abs(datetime.now(UTC).replace(tzinfo=None) - found) < timedelta(seconds=5)


@pytest.mark.parametrize(
    ("since", "until", "found"),
    [
        (None, None, [1, 2, 3]),
        ("2026-01-02", None, [2, 3]),
        (None, "2026-01-03", [1, 2]),
        ("2026-01-02", "2026-01-03", [2]),
    ],
)
def test_a_range_is_half_open_and_excludes_what_has_no_usable_instant(con, since, until, found):
    rows = con.execute(
        """
        with instants (number, instant) as (
            values (1, timestamp '2026-01-01'), (2, timestamp '2026-01-02'), (3, timestamp '2026-01-03'),
            (4, null), (5, timestamp 'infinity'), (6, timestamp '-infinity')
        )
        select number from instants where in_range(instant, $1::timestamp, $2::timestamp) order by number
        """,
        [since, until],
    ).fetchall()

    assert found == [number for (number,) in rows]


@pytest.mark.parametrize("bounds", [("$since", "$until"), ("timestamp '2026-01-05'", "timestamp '2026-01-06'")])
def test_a_range_is_pushed_down_to_parquet_files(con, tmp_path, bounds):
    con = con.cursor()
    con.execute(
        f"""
        copy (select timestamp '2026-01-01' + to_minutes(n::integer) as turn_at, n from range(20000) as rows (n))
        to '{tmp_path}/turns.parquet' (row_group_size 2048)
        """
    )
    since, until = bounds
    values = {"since": datetime(2026, 1, 5), "until": datetime(2026, 1, 6)} if "$" in since else None

    plan = con.execute(
        f"""
        explain analyze
        select sum(n) from '{tmp_path}/turns.parquet'
        where in_range(turn_at, cast({since} as timestamp), cast({until} as timestamp))
        """,
        values,
    ).fetchall()[0][1]

    # Both constants are filters of the scan: no operator above it filters, and row groups are skipped by statistics.
    flat = "".join(plan.split())
    assert "Filters:" in flat
    assert "COALESCE" not in plan
    assert "FILTER│" not in flat
    assert "╭─Filter─" not in flat
