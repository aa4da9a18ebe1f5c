from datetime import date, datetime, timedelta

from bakame_duck import metric

FIRST, SECOND, THIRD = ({"phone_number": f"+25078800000{number}"} for number in (1, 2, 3))
MONDAY = datetime(2026, 1, 5)


def test_callers_calls_and_turns_are_counted_by_week(given):
    con = given.turns(
        ("2026-01-05 10:00:00", None, FIRST | {"call_id": "CA1"}),
        ("2026-01-05 10:00:10", None, FIRST | {"call_id": "CA1"}),
        ("2026-01-06 10:00:00", None, SECOND | {"call_id": "CA2"}),
        ("2026-01-12 10:00:00", None, FIRST | {"call_id": "CA3"}),
        ("2026-01-13 10:00:00", None, THIRD | {"call_id": "CA4"}),
        ("2026-01-14 10:00:00", None, THIRD | {"call_id": "CA5"}),
    )

    assert metric(con, "callers_by_week").fetchall() == [
        (date(2026, 1, 5), 2, 2, 0, 2, 1.5),
        (date(2026, 1, 12), 2, 1, 1, 3, 1.0),
    ]


def test_a_caller_of_before_the_weeks_returns(given):
    con = given.turns(
        ("2026-01-04 23:59:59", None, FIRST),
        ("2026-01-05 10:00:00", None, FIRST),
        ("2026-01-05 10:00:00", None, SECOND),
    )

    assert metric(con, "callers_by_week", weeks=1).fetchall() == [(date(2026, 1, 5), 2, 1, 1, 2, 1.0)]


def test_only_whole_weeks_before_until_are_there(given):
    con = given.turns(*((MONDAY + timedelta(days=7 * week), None) for week in range(5)))

    def weeks(until):
        return [row[0].day for row in metric(con, "callers_by_week", until=until, weeks=2).fetchall()]

    assert weeks(MONDAY + timedelta(days=21)) == [12, 19]
    assert weeks(MONDAY + timedelta(days=27)) == [12, 19]
    assert weeks(date(2026, 3, 2)) == []


def test_weeks_are_cut_in_the_time_zone(given):
    con = given.turns(("2026-01-04 21:59:59", None, FIRST), ("2026-01-04 22:00:00", None, FIRST))

    rows = metric(con, "callers_by_week", timezone="Africa/Kigali").fetchall()

    assert rows == [(date(2025, 12, 29), 1, 1, 0, 1, 1.0), (date(2026, 1, 5), 1, 0, 1, 1, 1.0)]


def test_a_week_keeps_its_length_over_a_change_of_the_clock(given):
    con = given.turns(
        ("2026-03-22 22:59:59", None, FIRST),
        ("2026-03-22 23:00:00", None, FIRST),
        ("2026-03-29 21:59:59", None, FIRST),
        ("2026-03-29 22:00:00", None, FIRST),
    )

    rows = metric(con, "callers_by_week", until=datetime(2026, 4, 5, 22), weeks=2, timezone="Europe/Berlin").fetchall()

    assert [(row[0], row[4]) for row in rows] == [(date(2026, 3, 23), 2), (date(2026, 3, 30), 1)]


def test_an_sms_makes_a_caller_but_no_call(given):
    con = given.records({"timestamp": "2026-01-05T10:00:00", "interaction_type": "sms"})

    assert metric(con, "callers_by_week").fetchall() == [(date(2026, 1, 5), 1, 1, 0, 0, None)]
