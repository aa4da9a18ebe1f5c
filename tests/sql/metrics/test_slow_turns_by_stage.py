from datetime import date, datetime

import pytest

from bakame_duck import metric
from bakame_duck.settings import Objectives

DAY = date(2026, 1, 4)


def times(asr, llm, tts, total=None):
    return {"asr_ms": asr, "llm_ms": llm, "tts_ms": tts, "total_ms": total or asr + llm + tts}


def slow_turns(given, *turns):
    return given.turns(*(("2026-01-04 10:00:00", "math", times(*turn)) for turn in turns))


@pytest.mark.parametrize(
    ("turn", "pushed_by", "over", "excess"),
    [
        ((900.0, 1900.0, 300.0), "asr", 100.0, 400.0),
        ((600.0, 2500.0, 300.0), "llm", 400.0, 500.0),
        ((300.0, 2100.0, 1100.0), "tts", 500.0, 300.0),
        ((490.0, 1990.0, 790.0), "together", 270.0, None),
        ((300.0, 1500.0, 500.0, 3100.0), "unattributed", 100.0, 800.0),
        ((0.0, 3500.0, 0.0), "llm", 500.0, 1500.0),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_a_slow_turn_is_blamed_on_what_is_furthest_over_its_own_target(given, turn, pushed_by, over, excess):
    con = slow_turns(given, turn)

    assert metric(con, "slow_turns_by_stage").fetchall() == [(DAY, pushed_by, 1, over, excess)]


def test_unexplained_time_is_blamed_only_where_no_stage_is_further_over(given):
    con = slow_turns(given, (300.0, 2600.0, 100.0, 3500.0))

    assert metric(con, "slow_turns_by_stage").fetchall() == [(DAY, "llm", 1, 500.0, 600.0)]


def test_unexplained_time_is_blamed_only_where_it_is_enough_by_itself(given):
    con = slow_turns(given, (450.0, 1950.0, 750.0, 3200.0))

    assert metric(con, "slow_turns_by_stage").fetchall() == [(DAY, "together", 1, 200.0, None)]


def test_a_turn_at_the_target_is_slow_and_one_below_is_not(given):
    con = slow_turns(given, (300.0, 2200.0, 500.0), (300.0, 2199.0, 500.0))

    assert metric(con, "slow_turns_by_stage").fetchall() == [(DAY, "llm", 1, 0.0, 200.0)]


def test_medians_are_those_of_the_turns_with_the_same_blame(given):
    con = slow_turns(given, (300.0, 3000.0, 500.0), (300.0, 3200.0, 500.0), (300.0, 9000.0, 500.0))

    assert metric(con, "slow_turns_by_stage").fetchall() == [(DAY, "llm", 3, 1000.0, 1200.0)]


def test_days_are_cut_in_the_time_zone(given):
    slow = times(300.0, 3000.0, 500.0)
    con = given.turns(("2026-01-04 21:59:59", "math", slow), ("2026-01-04 22:00:00", "math", slow))

    rows = metric(con, "slow_turns_by_stage", timezone="Africa/Kigali").fetchall()

    assert [row[:3] for row in rows] == [(DAY, "llm", 1), (date(2026, 1, 5), "llm", 1)]
    assert metric(con, "slow_turns_by_stage", until=datetime(2026, 1, 4, 22)).fetchall()[0][2] == 1


def test_the_targets_are_those_of_the_settings(given):
    slow_turns(given, (300.0, 1500.0, 500.0))
    con = given.connect(objectives=Objectives(total_latency=2000, llm_latency=1000))

    assert metric(con, "slow_turns_by_stage").fetchall() == [(DAY, "llm", 1, 300.0, 500.0)]
