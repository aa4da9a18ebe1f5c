from datetime import datetime

import pytest

from bakame_duck import metric

FAILED = {"error": "LLM timeout"}


def test_a_window_with_one_successful_turn_counts_as_successful(given):
    con = given.turns(
        ("2026-01-04 10:00:00", "math", FAILED),
        ("2026-01-04 10:04:59.999", "math"),
        ("2026-01-04 10:05:00", "math", FAILED),
        ("2026-01-04 10:09:59", "math", FAILED),
        ("2026-01-04 10:30:00", "math"),
    )

    assert metric(con, "busy_windows").fetchall() == [(3, 2, pytest.approx(200 / 3))]


def test_interactions_and_turns_outside_the_range_make_no_window_busy(given):
    given.turns(("2026-01-04 10:00:00", "math", FAILED), ("2026-01-04 11:00:00", "math"))
    con = given.records({"timestamp": "2026-01-04T12:00:00"}, name="user_sessions_2026-01-05.csv")

    assert metric(con, "busy_windows").fetchall() == [(2, 1, 50.0)]
    assert metric(con, "busy_windows", since=datetime(2026, 1, 4, 10, 1)).fetchall() == [(1, 1, 100.0)]


def test_without_a_busy_window_there_is_no_share(empty):
    assert metric(empty, "busy_windows").fetchall() == [(0, 0, None)]
