from datetime import datetime

import pytest

from bakame_duck import metric
from bakame_duck.settings import Objectives


def windows(con, stage, **parameters):
    rows = metric(con, "slo_violation_windows", **parameters).filter(f"stage = '{stage}'").fetchall()
    return [(f"{at:%H:%M}", *counts) for at, _, *counts in rows]


def test_a_turn_is_bad_where_its_stage_failed_or_reached_its_own_target(given):
    con = given.turns(
        ("2026-01-04 10:00:00", None),
        ("2026-01-04 10:01:00", None, {"llm_ms": 1999.9}),
        ("2026-01-04 10:02:00", None, {"llm_ms": 2000.0}),
        ("2026-01-04 10:04:59", None, {"llm_ms": 0, "tts_ms": 0, "error": "Llama API error: 503"}),
        ("2026-01-04 10:05:00", None, {"llm_ms": 2500.0, "error": "Llama API error: 503"}),
    )

    assert [("10:00", 4, 2, 1, 4, 2), ("10:05", 1, 1, 1, 1, 1)] == windows(con, "llm")
    assert [("10:00", 4, 0, 0, 4, 0), ("10:05", 1, 0, 0, 1, 0)] == windows(con, "asr")


def test_a_stage_that_a_turn_did_not_reach_has_no_row(given):
    con = given.turns(("2026-01-04 10:00:00", None, {"llm_ms": 0, "tts_ms": 0, "error": "Llama API error: 503"}))

    assert [] == windows(con, "tts")
    assert [("10:00", 1, 1, 1, 1, 1)] == windows(con, "llm")


def test_a_call_turns_bad_once_and_is_counted_in_every_window(given):
    slow = {"call_id": "CA1", "llm_ms": 2500.0}
    con = given.turns(
        ("2026-01-04 10:00:00", None, {"call_id": "CA1"}),
        ("2026-01-04 10:06:00", None, slow),
        ("2026-01-04 10:07:00", None, slow),
        ("2026-01-04 10:11:00", None, slow),
        ("2026-01-04 10:12:00", None, {"call_id": "CA2", "llm_ms": 2500.0}),
    )

    assert [("10:00", 1, 0, 0, 1, 0), ("10:05", 2, 2, 0, 1, 1), ("10:10", 2, 2, 0, 2, 1)] == windows(con, "llm")


def test_the_range_is_half_open_and_the_windows_length_can_be_chosen(given):
    con = given.turns(
        ("2026-01-04 09:59:59", None),
        ("2026-01-04 10:00:00", None),
        ("2026-01-04 10:14:59", None),
        ("2026-01-04 10:15:00", None),
        ("2026-01-04 11:00:00", None),
    )
    span = {"since": datetime(2026, 1, 4, 10), "until": datetime(2026, 1, 4, 11)}

    found = windows(con, "tts", **span, window_minutes=15)

    assert [("10:00", 2, 0, 0, 2, 0), ("10:15", 1, 0, 0, 1, 0)] == found


def test_rows_are_in_order_of_time_and_stage(given):
    con = given.turns(("2026-01-04 10:05:00", None), ("2026-01-04 10:00:00", None))

    rows = metric(con, "slo_violation_windows").fetchall()

    assert ["asr", "llm", "tts"] * 2 == [stage for _, stage, *_ in rows]
    assert [0] * 3 + [5] * 3 == [at.minute for at, *_ in rows]


def test_the_targets_are_those_of_the_settings(given):
    given.turns(("2026-01-04 10:00:00", None, {"tts_ms": 600.0}))

    con = given.connect(objectives=Objectives(tts_latency=550))

    assert [("10:00", 1, 1, 0, 1, 1)] == windows(con, "tts")


def test_a_turn_without_a_call_counts_in_none(given):
    con = given.records(
        {"timestamp": "2026-01-04T10:00:00", "interaction_type": "turn_metrics", "session_id": "", "tts_ms": 900.0}
    )

    assert [("10:00", 1, 1, 0, 0, 0)] == windows(con, "tts")


def test_without_turns_there_are_no_windows(empty):
    assert [] == metric(empty, "slo_violation_windows").fetchall()


SPOKEN = {"tts_provider": "p", "tts_voice": "luna"}


def test_a_turn_with_a_fallback_is_bad_for_the_stage_fallback(given):
    con = given.turns(
        ("2026-01-04 10:00:00", None, SPOKEN | {"call_id": "CA1", "tts_fallback_count": 1}),
        ("2026-01-04 10:00:00", None, SPOKEN | {"call_id": "CA1", "tts_fallback_count": 2, "error": "TTS failed"}),
        ("2026-01-04 10:00:00", None, SPOKEN | {"call_id": "CA2", "tts_fallback_count": 0, "error": "TTS failed"}),
    )

    assert [("10:00", 3, 2, 1, 2, 1)] == windows(con, "fallback")


def test_a_turn_without_a_provider_or_a_fallback_count_does_not_reach_the_stage_fallback(given):
    con = given.turns(
        ("2026-01-04 10:00:00", None, SPOKEN),
        ("2026-01-04 10:00:00", None, {"tts_fallback_count": 1}),
    )

    assert [] == windows(con, "fallback")


@pytest.mark.parametrize("parameters", [{}, {"window_minutes": 60}])
def test_windows_contain_every_turn_once(given, parameters):
    con = given.turns(
        *[
            (f"2026-01-04 {hour}:{minute:02}:00", None, SPOKEN | {"tts_fallback_count": minute % 2})
            for hour in (10, 11)
            for minute in range(0, 60, 7)
        ]
    )

    rows = [(turns, bad, bad_calls) for _, turns, bad, _, _, bad_calls in windows(con, "fallback", **parameters)]

    assert [18, 8, 8] == [sum(column) for column in zip(*rows, strict=True)]
