from datetime import date

import pytest

from bakame_duck import metric


def test_percentiles_are_those_of_the_turns_in_which_the_stage_ran(given):
    silent = {"asr_ms": 0.0, "llm_ms": 0.0, "tts_ms": 0.0, "total_ms": 0.0}
    con = given.turns(
        *(("2026-01-04 10:00:00", "math", silent | {"asr_ms": 10.0 * number}) for number in range(101)),
    )

    assert metric(con, "latency_percentiles").fetchall() == [
        ("asr", date(2026, 1, 4), 100, *(pytest.approx(ms) for ms in (505.0, 901.0, 950.5, 990.1)))
    ]


def test_stages_come_in_the_order_of_a_turn(given):
    con = given.turns(("2026-01-04 10:00:00", "math"))

    rows = metric(con, "latency_percentiles").fetchall()

    assert [(row[0], row[-1]) for row in rows] == [("asr", 300.0), ("llm", 1500.0), ("tts", 500.0), ("total", 2300.0)]


def test_days_are_cut_in_the_time_zone(given):
    con = given.turns(("2026-01-04 21:59:59.999999", "math"), ("2026-01-04 22:00:00", "math"))

    def days(**zone):
        return [row[1:3] for row in metric(con, "latency_percentiles", **zone).fetchall() if row[0] == "total"]

    assert days() == [(date(2026, 1, 4), 2)]
    assert days(timezone="Africa/Kigali") == [(date(2026, 1, 4), 1), (date(2026, 1, 5), 1)]
