import math
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from scipy.special import ndtri
from scipy.stats import chi2_contingency, hypergeom

from bakame_duck import connect, metric
from bakame_duck.sample.service import Timeline
from bakame_duck.settings import Settings
from bakame_duck.stats.incidents import chance_exponent, design_effect, find_incidents, log_likelihood_ratio

SAMPLE = Path(__file__).parents[1].parent / "data" / "sample"
MONDAY = datetime(2026, 1, 12)
LOCAL_HOURS = np.array((1, 0.5, 0.3, 0.3, 0.5, 1.5, 3, 5, 6, 6, 6, 6.5, 7, 7, 8, 11, 12, 12, 12, 11, 9, 6, 3.5, 2))
STAGES = ("asr", "llm", "tts")


def week(rng, *, calls_a_day=25, likeness=0.5, incidents=()):
    """
    Return a week's rows of bad_turns: calls of six turns in the mean, by the hour of the day.

    1 to 5 % of a stage's turns are bad. Two turns of a call have latencies of the correlation *likeness*. In an
    incident, given as stage, begin, end and share, that share of the stage's turns fails.
    """
    calls = rng.poisson(7 * calls_a_day)
    begins = rng.integers(0, 7, calls) * 1440 + rng.choice(24, calls, p=LOCAL_HOURS / LOCAL_HOURS.sum()) * 60
    turns = rng.geometric(1 / 6, calls)
    call = np.repeat(np.arange(calls), turns)
    minutes = np.cumsum(rng.exponential(1 / 3, len(call)) + 0.1)
    minutes += (begins + rng.uniform(0, 60, calls) - minutes[np.cumsum(turns) - turns])[call]
    rows = []
    for stage, share in zip(STAGES, rng.uniform(0.01, 0.05, 3), strict=True):
        latency = math.sqrt(likeness) * rng.normal(size=calls)[call] + math.sqrt(1 - likeness) * rng.normal(
            size=len(call)
        )
        failed = rng.random(len(call)) < 0.3 * share
        for place, begin, end, failing in incidents:
            if place == stage:
                begin, end = ((at - MONDAY) / timedelta(minutes=1) for at in (begin, end))
                failed |= (minutes >= begin) & (minutes < end) & (rng.random(len(call)) < failing)
        bad = failed | (latency > -ndtri(0.7 * share))
        window = minutes.astype(int) // 5
        first_bad = np.unique(call[bad], return_index=True)[1]
        counts = {
            "turns": np.bincount(window),
            "bad_turns": np.bincount(window[bad], minlength=window.max() + 1),
            "failed_turns": np.bincount(window[failed], minlength=window.max() + 1),
            "calls": np.bincount(np.unique(np.stack([window, call]), axis=1)[0]),
            "bad_calls": np.bincount(window[bad][first_bad], minlength=window.max() + 1),
        }
        at = MONDAY + pl.Series(range(window.max() + 1)) * timedelta(minutes=5)
        rows.append(
            pl.DataFrame({"window_at": at, **counts}).with_columns(stage=pl.lit(stage)).filter(pl.col("turns") > 0)
        )
    return pl.concat(rows)


def counts_of(*shares, start=MONDAY, stage="llm"):
    """Return windows given as (bad, turns), each turn a call of its own."""
    bad, turns = ([share[place] for share in shares] for place in (0, 1))
    at = [start + timedelta(minutes=5 * place) for place in range(len(shares))]
    return pl.DataFrame(
        {
            "window_at": at,
            "stage": stage,
            "turns": turns,
            "bad_turns": bad,
            "failed_turns": bad,
            "calls": turns,
            "bad_calls": bad,
        }
    )


def test_the_incident_of_the_sample_is_found_and_no_other():
    con = connect(SAMPLE, settings=Settings.model_construct(), mirror=False)
    timeline = Timeline(datetime(2025, 12, 16).date(), 35)
    begin, end = (timeline.midnight + timedelta(microseconds=at) for at in timeline.incident)

    windows = metric(con, "slo_violation_windows", since="2026-01-11T22:00", until="2026-01-18T22:00").pl()
    found = find_incidents(windows).to_dicts()

    assert ["llm"] == [incident["stage"] for incident in found]
    assert abs(found[0]["started_at"] - begin) <= timedelta(minutes=15)
    assert abs(found[0]["ended_at"] - end) <= timedelta(minutes=15)
    for weeks in range(1, 5):
        since, until = (datetime(2026, 1, day, 22) - timedelta(weeks=weeks) for day in (11, 18))
        assert find_incidents(metric(con, "slo_violation_windows", since=since, until=until).pl()).is_empty()


@pytest.mark.parametrize(("calls_a_day", "likeness"), [(25, 0.5), (120, 0.3)])
def test_at_most_one_of_twenty_quiet_weeks_has_a_false_incident(calls_a_day, likeness):
    rng = np.random.default_rng(20260112)

    false = sum(
        not find_incidents(week(rng, calls_a_day=calls_a_day, likeness=likeness)).is_empty() for _ in range(200)
    )

    assert false <= 10


@pytest.mark.parametrize(
    ("calls_a_day", "minutes", "share", "weeks", "found_at_least"),
    [
        (25, 300, 0.9, 20, 16),
        (120, 200, 0.5, 20, 18),
        (400, 60, 0.5, 12, 11),
        (1500, 15, 0.6, 6, 6),
        (1500, 300, 0.12, 6, 6),
    ],
)
def test_a_planted_incident_is_found_with_its_stage_and_times(calls_a_day, minutes, share, weeks, found_at_least):
    rng = np.random.default_rng(1)
    begin = MONDAY + timedelta(days=3, hours=14)
    end = begin + timedelta(minutes=minutes)

    found = [
        find_incidents(week(rng, calls_a_day=calls_a_day, incidents=[("tts", begin, end, share)])).filter(stage="tts")
        for _ in range(weeks)
    ]

    named = pl.concat(found).filter((pl.col("started_at") < end) & (pl.col("ended_at") > begin))
    errors = [
        abs(at - true) for row in named.to_dicts() for at, true in ((row["started_at"], begin), (row["ended_at"], end))
    ]
    assert len(named) >= found_at_least
    # Nobody notices an incident before the next call: with 25 a day, that is up to an hour later.
    assert np.median(errors) <= timedelta(minutes=5 + 400 / calls_a_day)


def test_two_incidents_of_one_stage_and_one_of_another_are_told_apart():
    spans = [
        ("llm", MONDAY + timedelta(days=1, hours=9), MONDAY + timedelta(days=1, hours=10), 0.6),
        ("llm", MONDAY + timedelta(days=4, hours=15), MONDAY + timedelta(days=4, hours=17), 0.4),
        ("asr", MONDAY + timedelta(days=4, hours=15), MONDAY + timedelta(days=4, hours=16), 0.5),
    ]

    found = find_incidents(week(np.random.default_rng(3), calls_a_day=1500, incidents=spans)).to_dicts()

    expected = sorted((begin, end, stage) for stage, begin, end, _ in spans)
    assert [stage for _, _, stage in sorted((begin, stage, stage) for begin, _, stage in expected)] == [
        row["stage"] for row in found
    ]
    for (begin, end), row in zip(sorted((begin, end) for begin, end, _ in expected), found, strict=True):
        assert abs(row["started_at"] - begin) <= timedelta(minutes=15)
        assert abs(row["ended_at"] - end) <= timedelta(minutes=60)


def test_an_incident_is_counted_and_its_edges_are_bad_windows():
    quiet = [(0, 10), (1, 10)] * 50

    found = find_incidents(counts_of(*quiet, (0, 10), (8, 10), (0, 10), (9, 10), (0, 10), *quiet)).to_dicts()

    begin = MONDAY + timedelta(minutes=5 * 101)
    assert [
        {
            "stage": "llm",
            "started_at": begin,
            "ended_at": begin + timedelta(minutes=15),
            "turns": 30,
            "bad_turns": 17,
            "failed_turns": 17,
            "bad_share_percent": pytest.approx(100 * 17 / 30),
            "usual_share_percent": pytest.approx(100 * 100 / 2020),
            "p_value": pytest.approx(found[0]["p_value"]),
        }
    ] == found
    assert 0 < found[0]["p_value"] < 1e-6


def test_bad_turns_of_few_calls_are_no_incident():
    quiet = [(0, 10), (1, 10)] * 50
    windows = counts_of(*quiet, (20, 20), *quiet)

    one_call = windows.with_columns(
        pl.when(pl.col("bad_turns") == 20).then(1).otherwise(pl.col(name)).alias(name)
        for name in ("calls", "bad_calls")
    )

    assert 1 == len(find_incidents(windows))
    assert find_incidents(one_call).is_empty()


def test_a_share_that_is_not_twice_the_usual_is_no_incident():
    quiet, worse = [(100, 1000)] * 200, [(180, 1000)] * 20

    assert find_incidents(counts_of(*quiet, *worse, *quiet)).is_empty()
    assert 1 == len(find_incidents(counts_of(*quiet, *worse, *quiet), min_ratio=1.5))


@pytest.mark.parametrize(
    "windows",
    [
        counts_of(),
        counts_of((0, 1)),
        counts_of((1, 1)),
        counts_of((9, 9), (9, 9)),
        counts_of((0, 5), (0, 5), (0, 5)),
        counts_of((2, 2), (0, 3), (0, 3)),
    ],
)
def test_next_to_nothing_holds_no_incident(windows):
    found = find_incidents(windows)

    assert found.is_empty()
    assert found.columns == [
        "stage",
        "started_at",
        "ended_at",
        "turns",
        "bad_turns",
        "failed_turns",
        "bad_share_percent",
        "usual_share_percent",
        "p_value",
    ]


def test_the_order_of_the_rows_does_not_matter():
    windows = week(
        np.random.default_rng(4),
        calls_a_day=400,
        incidents=[("llm", MONDAY + timedelta(hours=9), MONDAY + timedelta(hours=12), 0.5)],
    )

    assert find_incidents(windows).equals(find_incidents(windows.sample(fraction=1, shuffle=True, seed=1)))


@pytest.mark.parametrize("hours", [20, 26, 60, 80, 100])
def test_an_incident_of_days_is_one(hours):
    begin = MONDAY + timedelta(hours=30)
    outage = ("llm", begin, begin + timedelta(hours=hours), 0.9)

    (found,) = find_incidents(week(np.random.default_rng(4), calls_a_day=400, incidents=[outage])).to_dicts()

    assert found["stage"] == "llm"
    assert abs(found["started_at"] - outage[1]) <= timedelta(minutes=15)
    assert found["ended_at"] - outage[2] <= timedelta(minutes=15)
    assert outage[2] - found["ended_at"] <= timedelta(hours=6)  # at night hardly anybody calls


def test_turns_of_no_call_have_no_incident():
    windows = week(
        np.random.default_rng(4),
        calls_a_day=400,
        incidents=[("llm", MONDAY + timedelta(hours=9), MONDAY + timedelta(hours=12), 0.5)],
    )

    assert find_incidents(windows.with_columns(calls=pl.lit(0), bad_calls=pl.lit(0))).is_empty()


def test_kulldorffs_ratio_by_hand():
    # 3 of 4 turns inside and 1 of 12 outside are bad: (3/4)^3 (1/4)^1 (1/12)^1 (11/12)^11 / ((1/4)^4 (3/4)^12)
    by_hand = math.log((3 / 4) ** 3 * (1 / 4) * (1 / 12) * (11 / 12) ** 11 / ((1 / 4) ** 4 * (3 / 4) ** 12))

    ratio = log_likelihood_ratio(np.array([3]), np.array([4]), all_bad=4, all_turns=16)

    assert pytest.approx(by_hand) == ratio[0]
    assert pytest.approx(3.306, abs=0.001) == ratio[0]


def test_kulldorffs_ratio_is_half_the_g_statistic_of_the_two_by_two_table():
    for bad, turns, all_bad, all_turns in ((3, 10, 20, 500), (40, 45, 65, 950), (1, 100, 30, 400)):
        table = [[bad, turns - bad], [all_bad - bad, all_turns - turns - all_bad + bad]]
        g = chi2_contingency(table, correction=False, lambda_="log-likelihood").statistic

        ratio = log_likelihood_ratio(np.array([bad]), np.array([turns]), all_bad=all_bad, all_turns=all_turns)

        assert pytest.approx(g / 2) == ratio[0]


def test_chance_is_never_underrated():
    for turns in (1, 4, 30, 200):
        bad = np.arange(min(turns, 20) + 1)

        bound = np.exp(-chance_exponent(bad, np.full_like(bad, turns), all_bad=20, all_turns=600))

        assert (bound >= hypergeom.sf(bad - 1, 600, 20, turns) * (1 - 1e-9)).all()


def test_independent_turns_have_no_design_effect_and_calls_that_are_one_have_their_length():
    rng = np.random.default_rng(2)
    minutes, turns = np.arange(20000) * 5, np.full(20000, 12)
    rising = np.linspace(0.02, 0.2, 20000)

    independent = design_effect(minutes, turns, rng.binomial(12, rising), block_minutes=15)
    in_fours = design_effect(minutes, turns, 4 * rng.binomial(3, rising), block_minutes=15)

    assert pytest.approx(1, abs=0.06) == independent
    # Of the 18 calls of four turns in two blocks, against 72 turns without replacement.
    assert pytest.approx(4 * (71 / 72) / (17 / 18), abs=0.25) == in_fours
