from datetime import datetime

from bakame_duck import metric


def total(ms):
    return {"total_ms": ms}


def test_turns_of_the_same_hour_and_weekday_stand_together(given):
    con = given.turns(
        ("2026-01-05 10:00:00", "math", total(1000.0)),
        ("2026-01-12 10:59:59.999", "math", total(3000.0)),
        ("2026-01-12 11:00:00", "math", total(4000.0)),
        ("2026-01-11 10:00:00", "math", total(5000.0)),
    )

    assert metric(con, "latency_by_hour").fetchall() == [
        (1, 10, 2, 2000.0, 2900.0),
        (1, 11, 1, 4000.0, 4000.0),
        (7, 10, 1, 5000.0, 5000.0),
    ]


def test_hours_and_weekdays_are_those_of_the_time_zone(given):
    con = given.turns(("2026-01-04 22:00:00", "math"))

    assert metric(con, "latency_by_hour").fetchall()[0][:3] == (7, 22, 1)
    assert metric(con, "latency_by_hour", timezone="Africa/Kigali").fetchall()[0][:3] == (1, 0, 1)


def test_turns_without_a_total_or_outside_the_range_do_not_count(given):
    con = given.turns(
        ("2026-01-04 10:00:00", "math", total(0.0)),
        ("2026-01-04 11:00:00", "math", total(2000.0)),
        ("2026-01-04 12:00:00", "math", total(2000.0)),
    )

    rows = metric(con, "latency_by_hour", until=datetime(2026, 1, 4, 12)).fetchall()

    assert rows == [(7, 11, 1, 2000.0, 2000.0)]
