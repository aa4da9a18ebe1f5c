from datetime import date, datetime, timedelta

import pytest

from bakame_duck import metric

MONDAY = datetime(2026, 1, 5)


def weeks(number, *, start=MONDAY, **columns):
    return [(str(start + timedelta(days=7 * week)), columns) for week in range(number)]


def starts(con, **arguments):
    rows = metric(con, "objectives_by_week", **arguments).fetchall()
    return sorted({week for week, *_ in rows})


def test_each_objective_has_a_row_a_week(given_turns):
    con = given_turns(*weeks(2, asr_ms=300.0), ("2026-01-06 10:00:00", {"asr_ms": 500.0, "error": "ASR timeout"}))

    rows = metric(con, "objectives_by_week", until=MONDAY + timedelta(days=14))

    assert rows.columns == ["week_start", "objective", "measured", "target", "turns", "burn_rate"]
    assert [row for row in rows.fetchall() if row[1].startswith("asr")] == [
        (date(2026, 1, 5), "asr_latency", 490.0, 500.0, 2, pytest.approx(10)),
        (date(2026, 1, 5), "asr_error_rate", 50.0, 2.0, 2, pytest.approx(25)),
        (date(2026, 1, 12), "asr_latency", 300.0, 500.0, 1, 0.0),
        (date(2026, 1, 12), "asr_error_rate", 0.0, 2.0, 1, 0.0),
    ]


def test_only_the_last_weeks_are_there_and_no_unfinished_one(given_turns):
    con = given_turns(*weeks(10))

    assert starts(con, until=datetime(2026, 3, 9)) == [date(2026, 1, 12) + timedelta(days=7 * n) for n in range(8)]
    assert starts(con, until=datetime(2026, 2, 2), weeks=2) == [date(2026, 1, 19), date(2026, 1, 26)]
    assert starts(con, until=datetime(2026, 2, 4), weeks=2) == [date(2026, 1, 19), date(2026, 1, 26)]


def test_without_until_they_are_the_last_ones_observed(given_turns):
    con = given_turns(*weeks(10))

    assert starts(con, weeks=2) == [date(2026, 3, 2), date(2026, 3, 9)]


def test_a_week_without_records_is_absent_and_not_made_up_for_by_an_earlier_one(given_turns):
    con = given_turns(*weeks(3), *weeks(1, start=datetime(2026, 2, 2)))

    for until in ({}, {"until": datetime(2026, 2, 9)}):
        assert starts(con, weeks=3, **until) == [date(2026, 1, 19), date(2026, 2, 2)]
    assert starts(con, until=datetime(2026, 6, 1)) == []


def test_weeks_are_those_of_the_time_zone(given_turns):
    con = given_turns(("2026-01-11 21:59:59", {}), ("2026-01-11 22:00:00", {}), ("2026-01-18 21:59:59", {}))

    rows = metric(
        con, "objectives_by_week", until=datetime(2026, 1, 18, 22), weeks=2, timezone="Africa/Kigali"
    ).fetchall()

    assert [(row[0], row[4]) for row in rows if row[1] == "error_rate"] == [
        (date(2026, 1, 5), 1),
        (date(2026, 1, 12), 2),
    ]


def test_a_week_keeps_its_length_over_a_change_of_the_clock(given_turns):
    con = given_turns(
        ("2026-03-22 22:59:59", {}),
        ("2026-03-22 23:00:00", {}),
        ("2026-03-29 21:59:59", {}),
        ("2026-03-29 22:00:00", {}),
    )

    rows = metric(
        con, "objectives_by_week", until=datetime(2026, 4, 5, 22), weeks=2, timezone="Europe/Berlin"
    ).fetchall()

    assert [(row[0], row[4]) for row in rows if row[1] == "error_rate"] == [
        (date(2026, 3, 23), 2),
        (date(2026, 3, 30), 1),
    ]
