import pytest
from scipy import stats

from bakame_duck import metric

AT = "2026-01-04 10:00:00"


def turn(*, interrupted, **columns):
    return (AT, None, {"tts_provider": "deepgram", "barge_in_triggered": interrupted} | columns)


def groups(con, kind, *columns):
    return metric(con, "tts_interruptions").filter(f"kind = '{kind}'").select(*columns).fetchall()


def test_interrupted_and_uninterrupted_turns_stand_apart(given):
    con = given.turns(
        turn(interrupted=True, tts_ms=200.0),
        turn(interrupted=True, tts_ms=300.0),
        turn(interrupted=False, tts_ms=400.0),
    )

    columns = ("turns", "interrupted", "interrupted_p50_ms", "uninterrupted_p50_ms", "interrupted_p95_ms")
    assert groups(con, "all", *columns) == [(3, 2, 250.0, 400.0, pytest.approx(295.0))]


def test_a_rate_has_wilsons_interval(given):
    con = given.turns(*[turn(interrupted=number < 3) for number in range(20)])

    interval = stats.binomtest(3, 20).proportion_ci(method="wilson")
    assert groups(con, "all", "barge_in_rate_percent", "low_percent", "high_percent") == [
        pytest.approx((15.0, 100 * interval.low, 100 * interval.high), abs=1e-5)
    ]


def test_chunks_pauses_and_lengths_are_told_apart(given):
    con = given.turns(
        turn(interrupted=True, sentence_chunks=1, chunk_pause_ms=0, tokens_out=24),
        turn(interrupted=False, sentence_chunks=6, chunk_pause_ms=200, tokens_out=25),
        turn(interrupted=True, sentence_chunks=9, chunk_pause_ms=200, tokens_out=400),
    )

    assert groups(con, "chunks", "value", "turns", "interrupted") == [(1.0, 1, 1), (6.0, 2, 1)]
    assert groups(con, "pause", "value", "turns", "interrupted") == [(0.0, 1, 1), (200.0, 2, 1)]
    assert groups(con, "tokens", "value", "turns", "interrupted") == [(0.0, 1, 1), (25.0, 1, 0), (100.0, 1, 1)]


def test_turns_that_were_not_spoken_or_do_not_say_are_left_out(given):
    con = given.turns(
        turn(interrupted=True),
        turn(interrupted=True, tts_ms=0),
        (AT, None, {"tts_provider": "deepgram"}),
        (AT, None, {"barge_in_triggered": True}),
    )

    assert groups(con, "all", "turns") == [(1,)]
