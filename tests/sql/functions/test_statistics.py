"""Rates, rounding, percentiles and the gamma function."""

import math

import numpy as np
import pytest
from hypothesis import given as given_any
from hypothesis import strategies as st
from scipy import special, stats


@pytest.fixture(scope="module")
def con(connection_without_logs):
    return connection_without_logs


def value(con, expression, *arguments):
    return con.execute(f"select {expression}", arguments).fetchall()[0][0]


@given_any(st.floats(0.5, 1e8))
def test_the_gamma_function_is_that_of_scipy(con, amount):
    assert value(con, "log_gamma(?::double)", amount) == pytest.approx(special.gammaln(amount), rel=1e-13, abs=1e-13)


@given_any(st.integers(0, 2000), st.floats(0.01, 0.99))
def test_binomial_probabilities_are_those_of_scipy(con, trials, share):
    successes = round(trials * share)

    found = value(con, "binomial_probability(?::bigint, ?::bigint, ?::double)", successes, trials, share)

    assert found == pytest.approx(stats.binom.pmf(successes, trials, share), rel=1e-9)


def test_percentiles_are_those_of_numpy(con):
    amounts = [float(amount) for amount in np.random.default_rng(1).lognormal(6, 1, 101)]

    found = con.execute(
        "select percentile(amount, 0.95), percentile(amount, [0.5, 0.99]) from (select unnest($1) as amount)",
        [[*amounts, None]],
    ).fetchone()

    assert found[0] == pytest.approx(np.quantile(amounts, 0.95))
    assert found[1] == pytest.approx(np.quantile(amounts, [0.5, 0.99]))


@pytest.mark.parametrize(("part", "total", "expected"), [(1, 4, 25.0), (0, 3, 0.0), (1, 0, None), (None, 3, None)])
def test_a_part_in_percent(con, part, total, expected):
    assert expected == value(con, "percent_of(?::bigint, ?::bigint)", part, total)


@pytest.mark.parametrize(
    ("amount", "places", "expected"),
    [(1.23456, 2, 1.23), (-0.0005, 3, -0.001), (1e300, 6, 1e300), (float("inf"), 3, float("inf")), (None, 3, None)],
)
def test_rounding(con, amount, places, expected):
    assert expected == value(con, "rounded(?::double, ?::integer)", amount, places)


def test_rounding_of_nan_is_nan(con):
    assert math.isnan(value(con, "rounded('nan'::double, 3)"))


@pytest.mark.parametrize(
    ("bad", "total", "allowed", "expected"),
    [(5, 100, 0.05, 1.0), (10, 100, 0.05, 2.0), (1, 0, 0.05, None), (1, 10, 0, None)],
)
def test_burn_rates(con, bad, total, allowed, expected):
    assert value(con, "burn_rate(?::double, ?::double, ?::double)", bad, total, allowed) == (
        expected if expected is None else pytest.approx(expected)
    )


@pytest.mark.parametrize(
    ("low", "high", "comparison", "status"),
    [
        (1, 9, "<", "met"),
        (1, 10, "<", "inconclusive"),
        (10, 12, "<", "breached"),
        (11, 12, ">", "met"),
        (10, 12, ">", "inconclusive"),
        (9, 10, ">", "breached"),
        (None, None, "<", "too few"),
        (1, None, "<", "too few"),
    ],
)
def test_an_objective_is_judged_by_its_whole_interval(con, low, high, comparison, status):
    call = "objective_status(5.0, ?::double, ?::double, ?, 72, ?, 10.0)"

    assert status == value(con, call, low, high, 72, comparison)
    assert value(con, call, low, high, 71, comparison) == "too few"


def test_what_is_not_measured_has_no_other_status(con):
    assert value(con, "objective_status(null::double, null, null, 0, 72, '<', 10.0)") == "not measured"


@pytest.mark.parametrize(("place", "item"), [(1, 7), (3, 9), (4, None), (None, None)])
def test_an_item_of_a_list(con, place, item):
    assert item == value(con, "try_element_at([7, 8, 9], ?::bigint)", place)
