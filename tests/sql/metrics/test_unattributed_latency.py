from datetime import datetime

from bakame_duck import metric


def total(ms):
    return {"total_ms": ms}


def test_time_that_no_stage_accounts_for_is_measured_over_turns_with_a_total(given):
    con = given.turns(
        ("2026-01-04 10:00:00", "math"),
        ("2026-01-04 10:00:00", "math", total(2300.9)),
        ("2026-01-04 10:00:00", "math", total(2301.0)),
        ("2026-01-04 10:00:00", "math", total(2400.0)),
        ("2026-01-04 10:00:00", "math", total(2500.0)),
        ("2026-01-04 10:00:00", "math", total(0.0)),
    )

    assert metric(con, "unattributed_latency").fetchall() == [(5, 3, 1.0, 180.0, 200.0)]


def test_only_turns_of_the_range_count(given):
    con = given.turns(("2026-01-04 10:00:00", "math", total(2400.0)), ("2026-01-04 11:00:00", "math", total(2500.0)))

    rows = metric(
        con, "unattributed_latency", since=datetime(2026, 1, 4, 10), until=datetime(2026, 1, 4, 11)
    ).fetchall()

    assert rows == [(1, 1, 100.0, 100.0, 100.0)]


def test_without_turns_nothing_was_measured(empty):
    assert metric(empty, "unattributed_latency").fetchall() == [(0, 0, None, None, None)]
