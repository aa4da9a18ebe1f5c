"""Comparisons of configurations: whether their intervals, verdicts and plans say the truth, over simulated months."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from statsmodels.regression.quantile_regression import QuantReg

from bakame_duck import connect, metric
from bakame_duck.reports.tts.charts import named
from bakame_duck.settings import Settings
from bakame_duck.stats import quantile_regression, tts_comparison
from bakame_duck.stats.tts_comparison import compare_configurations, plan

pytest_plugins = ["tests.report_fixtures"]

DEEP = bool(os.environ.get("BAKAME_DUCK_DEEP"))
MONTHS = 500 if DEEP else 40
SETTINGS = {"provider": "deepgram", "rate": 1.0, "pitch": "0st", "style": "x", "encoding": "mulaw", "pause": 200.0}
FOUR_WEEKS = {"since": datetime(2025, 12, 21, 22), "until": datetime(2026, 1, 18, 22)}


def month(rng, arms, *, calls=430, effect=(), longer=(), factor=(), noise=0.18, days=30):
    """
    Return the turns of a month, as ``tts_turns`` gives them: each call has an arm, drawn at random.

    Times grow with the length of the answer, differ by day and hour, and are alike within a call. To each arm belong
    what it adds in ms, how many tokens its answers are longer, and a factor on all its times.
    """
    effect, longer, factor = (
        np.array([*given, *[usual] * (arms - len(given))], dtype=float)
        for given, usual in ((effect, 0), (longer, 0), (factor, 1))
    )
    calls *= arms
    turns = 1 + rng.poisson(6, size=calls)
    call = np.repeat(np.arange(calls), turns)
    arm = rng.integers(arms, size=calls)[call]
    day, hour, module = (draw[call] for draw in (rng.integers(days, size=calls), 7 + rng.binomial(14, 0.5, size=calls),
                                                 rng.integers(5, size=calls)))  # fmt: skip
    tokens = np.maximum(5, rng.normal(45, 20, size=len(call)) + longer[arm]).round()
    chunks = np.maximum(1, (tokens / 14).round() + rng.integers(-1, 2, size=len(call)))
    spread = np.exp(rng.normal(0, noise, size=len(call)) + rng.normal(0, 0.1, size=calls)[call])
    base = 216 + 4.4 * tokens + 8 * chunks + 1.5 * day + (hour - 14) ** 2
    return pl.DataFrame(
        {
            "configuration": arm + 1,
            "call_id": [f"CA{number:06}" for number in call],
            "day": [date(2026, 1, 1) + timedelta(days=int(each)) for each in day],
            "hour": hour,
            "module_name": [f"m{each}" for each in module],
            "voice": [f"v{each}" for each in arm],
            "tts_ms": base * spread * factor[arm] + effect[arm],
            "tokens_out": tokens,
            "sentence_chunks": chunks,
            "barge_in_triggered": rng.random(len(call)) < 0.1,
            "tts_fallback_count": (rng.random(len(call)) < 0.03).astype(int),
        }
    ).with_columns(pl.lit(value).alias(name) for name, value in SETTINGS.items())


def first(rows):
    return rows.row(0, named=True)


def between(share, low, high):
    """Whether a share of MONTHS lies between two others, give or take what chance does to few months."""
    slack = 0 if DEEP else 3 * np.sqrt(0.05 * 0.95 / MONTHS)
    return low - slack <= share <= high + slack


def test_intervals_hold_the_truth_where_lengths_differ_and_a_plain_difference_does_not():
    rng = np.random.default_rng(11)
    truth = 80.0
    rows = [first(compare_configurations(month(rng, 2, effect=(0, truth), longer=(0, 12)))) for _ in range(MONTHS)]

    for place in ("p50", "p95"):
        held = np.mean([row[f"{place}_low_ms"] <= truth <= row[f"{place}_high_ms"] for row in rows])
        print(f"{place}: {100 * held:.1f}% of {MONTHS} intervals hold the truth")
        assert between(held, 0.92, 0.98)
    plain = np.array([row["plain_p95_difference_ms"] for row in rows])
    adjusted = np.array([row["p95_difference_ms"] for row in rows])
    print(f"plain difference off by {plain.mean() - truth:.0f} ms, adjusted by {adjusted.mean() - truth:.1f} ms")
    assert plain.mean() - truth > 30
    assert abs(adjusted.mean() - truth) < 4


def test_intervals_hold_the_truth_where_the_effect_is_in_proportion():
    rng = np.random.default_rng(12)
    rows = [first(compare_configurations(month(rng, 2, factor=(1, 0.85), longer=(0, 12)))) for _ in range(MONTHS)]
    # The truth by simulation: a million turns of both arms with lengths of both.
    many = month(np.random.default_rng(13), 1, calls=150_000 if DEEP else 40_000, longer=(6,))
    for place, share in (("p50", 0.5), ("p95", 0.95)):
        lengths = np.column_stack([np.ones(many.height), many["tokens_out"], many["sentence_chunks"]])
        fitted = lengths @ QuantReg(many["tts_ms"].to_numpy(), lengths).fit(q=share).params
        truth = -0.15 * fitted.mean()
        held = np.mean([row[f"{place}_low_ms"] <= truth <= row[f"{place}_high_ms"] for row in rows])
        print(f"{place} in proportion: {100 * held:.1f}% of {MONTHS} intervals hold the truth")
        assert between(held, 0.92, 0.98)


def test_months_without_an_effect_rarely_give_a_verdict():
    rng = np.random.default_rng(21)
    false = 0
    for _ in range(MONTHS):
        rows = compare_configurations(month(rng, 8, calls=60))
        assert {"not separable", "better", "worse", "too few", "not isolated"} >= set(rows["verdict"])
        false += rows["verdict"].is_in(["better", "worse"]).any()
    print(f"{false} of {MONTHS} months without an effect gave a verdict")
    assert between(false / MONTHS, 0, 0.05)


def test_eighty_ms_are_found_with_three_thousand_turns_an_arm_and_the_power_that_is_told_is_right():
    rng = np.random.default_rng(31)
    for noise, least in ((0.18, 0.8), (0.45, 0.0)):
        found, told = [], []
        for _ in range(MONTHS):
            row = first(compare_configurations(month(rng, 2, effect=(0, 80), noise=noise), min_effect_ms=80))
            found.append(row["verdict"] == "worse")
            told.append(row["power_percent"] / 100)
        print(f"noise {noise}: found in {100 * np.mean(found):.1f}%, told {100 * np.mean(told):.1f}%")
        assert np.mean(found) >= least
        assert abs(np.mean(found) - np.mean(told)) <= (0.05 if DEEP else 0.25)


@pytest.mark.parametrize("place", [0.5, 0.95])
def test_a_quantile_is_regressed_as_statsmodels_does(place):
    turns = month(np.random.default_rng(1), 1, calls=100)
    design = np.column_stack([np.ones(turns.height), turns["tokens_out"], turns["sentence_chunks"]])
    ms = turns["tts_ms"].to_numpy()

    plain = quantile_regression.regress_quantile(ms, design, place, np.ones(len(ms)))
    twice = quantile_regression.regress_quantile(ms, design, place, np.full(len(ms), 2.0))

    assert plain == pytest.approx(QuantReg(ms, design).fit(q=place).params, abs=1e-9)
    assert plain == pytest.approx(twice, rel=1e-4)

    # No other line has a smaller loss.
    def loss(beta):
        residuals = ms - design @ beta
        return (residuals * (place - (residuals < 0))).sum()

    steps = np.vstack([np.eye(3), -np.eye(3)]) * [5, 0.2, 0.5]
    assert all(loss(plain) <= loss(plain + step) for step in steps)


@pytest.mark.parametrize("place", [0.5, 0.95])
def test_a_quantile_without_lengths_is_that_of_numpy(place):
    turns = month(np.random.default_rng(2), 2, calls=200).with_columns(
        tokens_out=pl.lit(None, pl.Float64), sentence_chunks=pl.lit(None, pl.Float64),
        day=pl.lit(date(2026, 1, 1)), hour=pl.lit(9), module_name=pl.lit("m"),
    )  # fmt: skip
    row = first(compare_configurations(turns))
    arms = [turns.filter(configuration=number)["tts_ms"].to_numpy() for number in (2, 1)]

    expected = [np.quantile(ms, place, method="inverted_cdf") for ms in arms]

    assert row[f"p{100 * place:.0f}_difference_ms"] == pytest.approx(expected[0] - expected[1], abs=1e-9)


def test_holms_correction_is_that_of_the_paper():
    rows = compare_configurations(month(np.random.default_rng(3), 5, effect=(0, 15, 30, 45, 60), calls=120))
    made = rows.filter(setting="configuration").sort("p_value")["p_value", "p_adjusted"]

    expected = np.maximum.accumulate([min((4 - rank) * p, 1) for rank, p in enumerate(made["p_value"])])

    assert made["p_adjusted"].to_list() == pytest.approx(expected.tolist(), abs=1e-9)
    assert len(set(made["p_adjusted"])) > 1


@pytest.fixture(scope="module")
def sample(sample_folder: Path):
    con = connect(sample_folder, settings=Settings.model_construct())
    turns = metric(con, "tts_turns", **FOUR_WEEKS, timezone="Africa/Kigali").pl()
    configurations = named(metric(con, "tts_configurations", **FOUR_WEEKS).pl())
    names = dict(configurations.select("name", "configuration").iter_rows())
    return turns, names


def test_the_samples_better_voice_is_found_and_its_equal_pair_is_not_told_apart(sample):
    turns, names = sample
    rows = {row["configuration"]: row for row in compare_configurations(turns).to_dicts()}

    luna, equal, alloy = (rows[names[name]] for name in ("Luna", "Asteria 1.00", "Alloy"))
    print(f"Luna {luna['p95_difference_ms']:.0f} ms, Asteria 1.00 {equal['p95_difference_ms']:.0f} ms")
    assert (1, "better") == (names["Asteria 0.95"], luna["verdict"])
    assert ("not separable", "worse") == (equal["verdict"], alloy["verdict"])
    assert equal["p95_low_ms"] < 0 < equal["p95_high_ms"]
    assert luna["barge_in_high"] < 0
    assert "too few" == rows[names["Joanna"]]["verdict"]


def test_the_samples_rate_is_compared_with_all_else_equal(sample):
    turns, _ = sample
    rows = {
        row["setting"]: row for row in compare_configurations(turns).to_dicts() if row["setting"] != "configuration"
    }

    assert ("1.0", "0.95", "not separable") == tuple(rows["rate"][name] for name in ("value", "reference", "verdict"))
    assert {"voice", "pitch", "pause", "encoding"} == {
        setting for setting, row in rows.items() if row["verdict"] == "not isolated" and row["value"] is None
    }


def test_the_same_turns_give_the_same_numbers_on_any_number_of_threads(tmp_path: Path):
    month(np.random.default_rng(5), 3, effect=(0, 20, -20), calls=300).write_parquet(tmp_path / "turns.parquet")
    code = (
        "import sys, polars as pl; from bakame_duck.stats import tts_comparison; "
        "sys.stdout.write(tts_comparison.compare_configurations(pl.read_parquet(sys.argv[1])).write_json())"
    )

    told = [
        subprocess.run(
            [sys.executable, "-c", code, tmp_path / "turns.parquet"],
            env=os.environ | dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "POLARS_MAX_THREADS"), threads),
            capture_output=True,
            check=True,
        ).stdout
        for threads in ("1", "2", "4")
    ]

    assert told[0]
    assert {told[0]} == set(told)


def test_another_baseline_turns_the_difference_round():
    turns = month(np.random.default_rng(6), 2, effect=(0, 60))

    there, back = (first(compare_configurations(turns, baseline=number)) for number in (1, 2))

    assert ("worse", "better") == (there["verdict"], back["verdict"])
    assert there["p95_difference_ms"] == pytest.approx(-back["p95_difference_ms"], abs=1e-6)
    assert ("2", "1", "1", "2") == (there["value"], there["reference"], back["value"], back["reference"])


def test_what_never_ran_in_the_same_hours_is_not_compared():
    turns = month(np.random.default_rng(7), 2, effect=(0, 300))
    apart = turns.filter((pl.col("configuration") == 1) == (pl.col("day") < date(2026, 1, 15)))
    by_hour = turns.filter((pl.col("configuration") == 1) == (pl.col("hour") < 14))

    for rows in (compare_configurations(apart), compare_configurations(by_hour)):
        row = first(rows)
        assert ("confounded", 0) == (row["verdict"], row["hours_in_common"])
        assert row["p95_difference_ms"] is None
        assert row["p_value"] is None


def test_a_drift_that_one_arm_saw_more_of_is_not_taken_for_its_effect():
    rng = np.random.default_rng(8)
    turns = month(rng, 2, calls=1500).with_columns(pl.col("tts_ms") + 10.0 * pl.col("day").dt.day())
    late = pl.col("day").dt.day() > 15
    keep = pl.when(pl.col("configuration") == 1).then(~late).otherwise(late) | (pl.col("call_id").hash(1) % 3 == 0)

    row = first(compare_configurations(turns.filter(keep)))

    assert row["plain_p95_difference_ms"] > 60
    assert row["p95_low_ms"] < 0 < row["p95_high_ms"]


@pytest.mark.parametrize(("turns", "calls"), [(tts_comparison.MIN_TURNS - 1, 30), (200, tts_comparison.MIN_CALLS - 1)])
def test_too_few_turns_or_calls_are_not_compared(turns, calls):
    many = month(np.random.default_rng(9), 2)
    few = many.filter(configuration=2).head(turns).with_columns(call_id=pl.int_range(turns).mod(calls).cast(pl.String))

    row = first(compare_configurations(pl.concat([many.filter(configuration=1), few])))

    assert ("too few", turns, calls) == (row["verdict"], row["turns"], row["calls"])
    assert row["p95_difference_ms"] is None


def test_a_setting_is_looked_at_where_all_else_is_equal():
    rng = np.random.default_rng(10)
    turns = month(rng, 4, effect=(0, 60, 0, 60)).with_columns(
        voice=pl.when(pl.col("configuration") <= 2).then(pl.lit("a")).otherwise(pl.lit("b")),
        rate=pl.when(pl.col("configuration") % 2 == 1).then(1.0).otherwise(0.9),
    )
    rows = {
        row["setting"]: row for row in compare_configurations(turns).to_dicts() if row["setting"] != "configuration"
    }

    assert ("0.9", "1.0", "worse") == tuple(rows["rate"][name] for name in ("value", "reference", "verdict"))
    assert rows["rate"]["p95_low_ms"] < 60 < rows["rate"]["p95_high_ms"]
    assert rows["rate"]["turns"] > 5000  # of both voices
    assert ("b", "a", "not separable") == tuple(rows["voice"][name] for name in ("value", "reference", "verdict"))
    assert ("not isolated", None) == (rows["pitch"]["verdict"], rows["pitch"]["value"])


def test_turns_without_a_call_are_calls_of_their_own():
    turns = month(np.random.default_rng(14), 2, calls=100)
    nameless = turns.with_columns(call_id=pl.lit(None, pl.String))

    row = first(compare_configurations(nameless))

    assert row["turns"] == row["calls"]
    assert first(compare_configurations(turns))["calls"] < row["calls"]


@pytest.mark.parametrize("missing", ["tokens_out", "sentence_chunks", "barge_in_triggered", "tts_fallback_count"])
def test_what_the_turns_do_not_state_is_left_out(missing):
    turns = month(np.random.default_rng(15), 2, effect=(0, 80), calls=200)
    row = first(compare_configurations(turns.with_columns(pl.lit(None, turns.schema[missing]).alias(missing))))

    assert row["p95_low_ms"] < 80 < row["p95_high_ms"]
    assert (row["barge_in_difference_points"] is None) == (missing == "barge_in_triggered")
    assert (row["fallback_difference_points"] is None) == (missing == "tts_fallback_count")


@pytest.mark.parametrize(
    "odd",
    [
        {"tts_ms": pl.lit(500.0)},
        {"tts_ms": pl.when(pl.col("configuration") == 2).then(500.0).otherwise(400.0)},
        {"tts_ms": pl.when(pl.col("tts_ms") > 500).then(1e12).otherwise("tts_ms")},
        {"tokens_out": pl.when(pl.col("configuration") == 1).then("tokens_out")},
        {"tokens_out": pl.when(pl.col("tokens_out") > 50).then(1e9).otherwise(0.0)},
        {"sentence_chunks": pl.col("tokens_out")},
        {"module_name": pl.lit(None, pl.String)},
        {"hour": pl.lit(9), "day": pl.lit(date(2026, 1, 1))},
        {"barge_in_triggered": pl.when(pl.col("configuration") == 1).then("barge_in_triggered")},
    ],
    ids=["one time", "two times", "endless", "no length in one arm", "two lengths", "one length twice", "no module",
         "one hour", "no rate in one arm"],
)  # fmt: skip
def test_odd_turns_are_compared_as_far_as_they_can_be(odd):
    turns = month(np.random.default_rng(24), 2, calls=60).with_columns(**odd)

    row = first(compare_configurations(turns))

    assert row["verdict"] in ("better", "worse", "not separable")
    numbers = [value for value in row.values() if isinstance(value, float)]
    assert np.isfinite(numbers).all()
    assert row["p95_low_ms"] <= row["p95_difference_ms"] <= row["p95_high_ms"]
    assert 0 <= row["p_value"] <= row["p_adjusted"] <= 1
    if "tts_ms" in odd and row["p95_difference_ms"] == 0:
        assert row["verdict"] == "not separable"


def test_turns_without_times_or_without_a_baseline_are_not_compared():
    turns = month(np.random.default_rng(16), 2, calls=50)

    for none in (turns.clear(), turns.with_columns(tts_ms=pl.lit(None, pl.Float64)), turns.filter(configuration=2)):
        rows = compare_configurations(none)
        assert rows.is_empty()
        assert rows.columns == compare_configurations(turns).columns
        assert plan(rows, none).is_empty()


def test_rates_are_compared_too():
    turns = month(np.random.default_rng(17), 2).with_columns(
        barge_in_triggered=pl.when(pl.col("configuration") == 2).then(pl.col("hour") % 4 == 0).otherwise(
            pl.col("hour") % 2 == 0
        )
    )  # fmt: skip

    row = first(compare_configurations(turns))

    assert row["barge_in_low"] < row["barge_in_difference_points"] < row["barge_in_high"] < 0
    assert -2 < row["fallback_low"] < row["fallback_difference_points"] < row["fallback_high"] < 2


def test_a_question_is_open_until_a_difference_worth_having_would_be_found():
    rng = np.random.default_rng(18)
    few, many = month(rng, 2, calls=40, noise=0.4), month(rng, 2, calls=3000)
    open_rows, closed_rows = compare_configurations(few), compare_configurations(many)

    question = first(plan(open_rows, few))
    row = first(open_rows)

    assert ("configuration", "not separable", 50.0) == tuple(
        question[name] for name in ("setting", "why", "difference_ms")
    )
    # z of 5% in two tails, plus z of 80%
    times = row["p95_error_ms"] ** 2 * ((1.959964 + 0.841621) / 50) ** 2
    assert question["more_turns"] == pytest.approx((times - 1) * row["turns"], abs=1)
    assert question["days"] == pytest.approx((times - 1) * few["day"].n_unique(), abs=1)
    assert set(plan(closed_rows, many)["why"]) == {"not isolated"}


def test_as_many_turns_as_planned_find_the_difference():
    few = month(np.random.default_rng(19), 2, calls=60, noise=0.4)
    question = first(plan(compare_configurations(few), few))
    times = 1 + question["more_turns"] / question["turns_now"]
    rng, found = np.random.default_rng(20), []

    for _ in range(MONTHS):
        turns = month(rng, 2, calls=round(60 * times), noise=0.4, effect=(0, 50))
        found.append(first(compare_configurations(turns))["verdict"] == "worse")

    print(f"{100 * np.mean(found):.0f}% found with {times:.1f} times the turns")
    assert 0.6 < np.mean(found) < 0.98


def test_where_nothing_could_be_compared_nothing_is_planned():
    turns = month(np.random.default_rng(22), 2, calls=3)
    questions = plan(compare_configurations(turns), turns)

    assert questions.height > 1
    assert questions["more_turns"].null_count() == questions["days"].null_count() == questions.height


def test_an_arm_that_ran_at_other_hours_is_given_half_of_todays_traffic():
    turns = month(np.random.default_rng(23), 3)
    apart = turns.filter((pl.col("configuration") < 3) == (pl.col("day") < date(2026, 1, 25)))
    rows = compare_configurations(apart)

    question = next(row for row in plan(rows, apart).to_dicts() if row["why"] == "confounded")

    last_week = apart.filter(pl.col("day") > date(2026, 1, 23))
    daily = last_week.height / last_week["day"].n_unique()
    assert question["days"] == pytest.approx(2 * question["more_turns"] / daily, abs=1)
