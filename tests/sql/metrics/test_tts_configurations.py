from datetime import datetime

import numpy as np
import pytest
from scipy import stats

from bakame_duck import metric

AT = "2026-01-04 10:00:00"
ASTERIA = {"tts_provider": "deepgram", "tts_voice": "aura-asteria-en", "tts_rate": 1.0, "tts_pitch": "0st"}


def configurations(con, *columns):
    rows = metric(con, "tts_configurations")
    return [tuple(row[rows.columns.index(name)] for name in columns) for row in rows.fetchall()]


def test_every_configuration_is_one_row_the_most_used_first(given):
    luna = ASTERIA | {"tts_voice": "aura-luna-en"}
    con = given.turns((AT, "math", luna), (AT, "math", ASTERIA), (AT, "math", ASTERIA), (AT, "math"))

    found = configurations(con, "provider", "voice", "rate", "pitch", "turns", "p50_ms")

    assert found == [
        ("deepgram", "aura-asteria-en", 1.0, "0st", 2, 500.0),
        ("deepgram", "aura-luna-en", 1.0, "0st", 1, 500.0),
    ]


def test_rates_are_those_of_the_turns_that_state_them(given):
    con = given.turns(
        (AT, "math", ASTERIA | {"tts_fallback_count": 2, "barge_in_triggered": True, "audio_transcode_ms": 10}),
        (AT, "math", ASTERIA | {"tts_fallback_count": 0, "barge_in_triggered": False, "audio_transcode_ms": 0}),
        (AT, "math", ASTERIA | {"error": "TTS failed", "sentence_chunks": 3}),
        (AT, "math", ASTERIA | {"error": "ASR timeout"}),
    )

    found = configurations(
        con,
        "error_rate_percent",
        "fallback_rate_percent",
        "barge_in_rate_percent",
        "transcoded_percent",
        "avg_sentence_chunks",
    )

    assert found == [(25.0, 50.0, 50.0, 50.0, 3.0)]


def test_a_rate_that_no_turn_states_is_null(given):
    con = given.turns((AT, "math", ASTERIA))

    assert configurations(con, "fallback_rate_percent", "barge_in_rate_percent") == [(None, None)]


def speaking(*times, **columns):
    return [
        (f"2026-01-04 10:{number // 60:02}:{number % 60:02}", None, ASTERIA | {"tts_ms": ms} | columns)
        for number, ms in enumerate(times)
    ]


def test_percentiles_and_their_intervals_are_those_of_numpy_and_the_binomial_distribution(given):
    times = [float(ms) for ms in np.random.default_rng(1).lognormal(6, 0.3, size=300).round(3)]
    con = given.turns(*speaking(*times))

    (found,) = configurations(
        con, "p50_ms", "p50_low_ms", "p50_high_ms", "p95_ms", "p95_low_ms", "p95_high_ms", "turns_with_speech"
    )

    expected = []
    for share in (0.5, 0.95):
        ranks = (stats.binom.ppf(0.025, 300, share), stats.binom.ppf(0.975, 300, share) + 1)
        expected += [np.quantile(times, share), *(sorted(times)[int(rank) - 1] for rank in ranks)]
    assert found == pytest.approx((*expected, 300), abs=1e-9)


def test_rates_have_wilsons_interval(given):
    con = given.turns(
        *speaking(500, 500, 500, barge_in_triggered=True), *speaking(*[500] * 17, barge_in_triggered=False)
    )

    (found,) = configurations(con, "barge_in_rate_percent", "barge_in_low_percent", "barge_in_high_percent")

    interval = stats.binomtest(3, 20).proportion_ci(method="wilson")
    assert found == pytest.approx((15.0, 100 * interval.low, 100 * interval.high), abs=1e-5)


@pytest.mark.parametrize(
    ("times", "status"),
    [
        ([500] * 100, "met"),
        ([900] * 100, "breached"),
        ([500] * 95 + [900] * 5, "inconclusive"),
        ([500] * 71, "too few"),
        ([0], "not measured"),
    ],
)
def test_a_configuration_is_judged_by_the_target_of_the_tts_latency(given, times, status):
    con = given.turns(*speaking(*times))

    assert [(status,)] == configurations(con, "status")


def test_use_is_told_by_turns_calls_and_instants(given):
    con = given.turns(
        ("2026-01-04 10:00:00", None, ASTERIA | {"call_id": "CA1"}),
        ("2026-01-04 11:00:00", None, ASTERIA | {"call_id": "CA1"}),
        ("2026-01-05 09:00:00", None, ASTERIA | {"call_id": "CA2", "tts_ms": 0}),
    )

    (found,) = configurations(con, "turns", "calls", "turns_with_speech", "first_used", "last_used", "p95_total_ms")

    assert found == (3, 2, 2, datetime(2026, 1, 4, 10), datetime(2026, 1, 5, 9), 2300.0)


def voice(name, *, ms, interrupted=0, fallbacks=0, turns=100, stated=True):
    return [
        (
            f"2026-01-04 10:{number // 60:02}:{number % 60:02}",
            None,
            {"tts_provider": "p", "tts_voice": name, "tts_ms": ms}
            | (
                {"barge_in_triggered": number < interrupted, "tts_fallback_count": int(number < fallbacks)}
                if stated
                else {}
            ),
        )
        for number in range(turns)
    ]


def unbeaten(con):
    rows = metric(con, "tts_configurations").select("configuration", "is_unbeaten").fetchall()
    return [front for _, front in rows]


@pytest.mark.parametrize(
    ("second", "front"),
    [
        ({"ms": 400}, [False, True]),
        ({"ms": 400, "interrupted": 11}, [True, True]),
        ({"ms": 500, "interrupted": 10, "fallbacks": 5}, [True, True]),
        ({"ms": 500, "interrupted": 10, "fallbacks": 4}, [False, True]),
        ({"ms": 600, "interrupted": 9, "fallbacks": 6}, [True, True]),
        ({"ms": 600, "interrupted": 10, "fallbacks": 5}, [True, False]),
        ({"ms": 400, "stated": False}, [False, True]),
    ],
)
def test_a_configuration_is_unbeaten_when_no_other_is_as_good_in_all_and_better_in_one(given, second, front):
    con = given.turns(*voice("a", ms=500, interrupted=10, fallbacks=5), *voice("b", **second))

    assert front == unbeaten(con)


def test_a_configuration_with_too_few_turns_is_not_compared(given):
    con = given.turns(*voice("a", ms=500), *voice("b", ms=100, turns=20))

    assert [True, None] == unbeaten(con)
