from datetime import datetime

import pytest

from bakame_duck import metric

NOT_RUN = {"asr_ms": 0.0, "llm_ms": 0.0, "tts_ms": 0.0, "total_ms": 0.0}


def llm_turns(given, *times):
    return given.turns(*(("2026-01-04 10:00:00", "math", NOT_RUN | {"llm_ms": ms}) for ms in times))


def test_a_time_stands_in_the_bin_that_starts_with_it(given):
    con = llm_turns(given, 99.9, 100.0, 999.9, 1000.0)

    rows = metric(con, "latency_distribution", bins_per_decade=1).fetchall()

    assert rows == [
        ("llm", pytest.approx(10), pytest.approx(100), 1, 25.0),
        ("llm", pytest.approx(100), pytest.approx(1000), 2, 50.0),
        ("llm", pytest.approx(1000), pytest.approx(10000), 1, 25.0),
    ]


def test_a_decade_has_as_many_bins_as_were_asked_for(given):
    con = llm_turns(given, *(100.0 * 1.01**step for step in range(231)))

    rows = metric(con, "latency_distribution", bins_per_decade=20).fetchall()

    assert len(rows) == 20
    assert [row[2] for row in rows[:-1]] == [row[1] for row in rows[1:]]
    assert sum(row[3] for row in rows) == 231
    assert sum(row[4] for row in rows) == pytest.approx(100)


def test_empty_bins_are_absent_and_stages_come_in_the_order_of_a_turn(given):
    con = given.turns(("2026-01-04 10:00:00", "math"), ("2026-01-04 10:00:00", "math", NOT_RUN))

    rows = metric(con, "latency_distribution").fetchall()

    assert [(row[0], row[3], row[4]) for row in rows] == [(stage, 1, 100.0) for stage in ("asr", "llm", "tts", "total")]
    assert all(low <= ms < high for (_, low, high, *_), ms in zip(rows, (300, 1500, 500, 2300), strict=True))


def test_only_turns_of_the_range_count(given):
    con = given.turns(("2026-01-04 10:00:00", "math"), ("2026-01-04 11:00:00", "math"))

    rows = metric(con, "latency_distribution", until=datetime(2026, 1, 4, 11)).fetchall()

    assert [row[3] for row in rows] == [1, 1, 1, 1]
