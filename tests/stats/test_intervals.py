from datetime import datetime

import numpy as np
import polars as pl
import pytest
from scipy.stats import binomtest, quantile_test

from bakame_duck.catalog.template import connect_empty

STAGES = ("asr", "llm", "tts", "total")


@pytest.fixture
def con(empty):
    return empty


@pytest.fixture
def p95_intervals():
    """The report's intervals and p95s of four lists of times, one a stage; a turn here has one time."""
    con = connect_empty()
    con.execute(
        "create table given_turns (turn_at timestamp, asr_ms double, llm_ms double, tts_ms double, total_ms double, "
        "error_stage varchar)"
    )
    con.execute("create or replace view internal.turn_timings as from given_turns")  # which the metrics read

    def report(*times):
        frame = pl.concat([pl.DataFrame({f"{s}_ms": t}) for s, t in zip(STAGES, times, strict=True)], how="diagonal")
        con.execute("delete from given_turns")
        con.register("frame", frame.with_columns(turn_at=pl.lit(datetime(2026, 1, 5))))
        con.execute("insert into given_turns by name from frame")
        con.unregister("frame")
        found = con.execute("select low, measured, high from objectives_report() where kind = 'latency'").fetchall()
        assert len(found) == len(times)
        return found

    return report


def wilson(con, successes, trials):
    return con.execute("select wilson_low($1, $2), wilson_high($1, $2)", [successes, trials]).fetchone()


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_a_share_has_the_interval_of_newcombe_1998_table_1(con, successes, trials, low, high):
    assert wilson(con, successes, trials) == pytest.approx((low, high), abs=5e-5)


@pytest.mark.parametrize("trials", [1, 2, 10, 77, 1_000, 1_400_000])
@pytest.mark.parametrize("share", [0, 0.001, 0.05, 0.5, 0.99, 1])
def test_a_share_has_the_interval_of_scipy(con, share, trials):
    successes = round(share * trials)

    expected = binomtest(successes, trials).proportion_ci(method="wilson")

    assert wilson(con, successes, trials) == pytest.approx((expected.low, expected.high), rel=1e-6, abs=1e-12)


@pytest.mark.parametrize("trials", [1, 71, 400, 1_400_000])
def test_an_interval_holds_a_share_of_none_and_of_all(con, trials):
    assert wilson(con, 0, trials)[0] == 0
    assert wilson(con, trials, trials)[1] == 1


def test_no_trials_have_no_interval(con):
    assert wilson(con, 0, 0) == (None, None)
    assert wilson(con, None, None) == (None, None)


def test_the_interval_of_a_p95_is_that_of_scipys_quantile_test_to_the_very_order_statistic(p95_intervals):
    rng = np.random.default_rng(1)
    sizes = [*range(1, 121), 150, 199, 200, 201, 333, 500, 1_000, 9_999]

    for four in zip(*[iter(sizes)] * 4, strict=True):
        times = [rng.lognormal(7, 1, size) for size in four]
        expected = [quantile_test(stage, q=0, p=0.95).confidence_interval(0.95) for stage in times]

        for (low, _, high), interval in zip(p95_intervals(*times), expected, strict=True):
            whole = not np.isnan([interval.low, interval.high]).any()
            assert (low, high) == ((interval.low, interval.high) if whole else (None, None))


def test_equal_times_are_order_statistics_of_their_own(p95_intervals):
    times = [300.0] * 370 + [400.0] * 5 + [500.0] * 25

    for low, measured, high in p95_intervals(times, times, times, times):
        expected = quantile_test(times, q=0, p=0.95).confidence_interval(0.95)
        assert (low, high) == (expected.low, expected.high)
        assert low <= measured <= high


def test_the_interval_holds_the_true_p95_in_about_95_of_100_simulated_weeks(p95_intervals):
    rng = np.random.default_rng(2026)
    p95 = np.exp(7 + 1.6448536269514722 * 0.6)  # of the lognormal distribution below

    held = [
        low <= p95 <= high
        for turns in rng.integers(100, 1_000, 250)
        for low, _, high in p95_intervals(*(rng.lognormal(7, 0.6, turns) for _ in STAGES))
    ]

    assert len(held) == 1_000
    assert 930 <= sum(held) <= 980


def test_the_interval_holds_the_true_rate_in_about_95_of_100_simulated_weeks(con):
    weeks = pl.DataFrame({"failed": np.random.default_rng(2026).binomial(900, 0.04, 1_000)})

    held = con.execute(
        "select count(*) from weeks where wilson_low(failed, 900) <= 0.04 and wilson_high(failed, 900) >= 0.04"
    ).fetchone()[0]

    assert len(weeks) == 1_000
    assert 930 <= held <= 980
