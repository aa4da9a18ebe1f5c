"""The ranks are those of scipy's binomial distribution, for few observations and for millions."""

import numpy as np
import pytest
from scipy import stats

SOME = [10**4, 99_999, 123_457, 10**6, 1_048_575, 3_000_001, 9_999_999, 10**7]


@pytest.fixture(scope="module")
def con(connection_without_logs):
    return connection_without_logs


def ranks(con, sizes, share):
    found = con.execute("from internal.order_statistic_ranks($1, $2)", [[int(size) for size in sizes], share])
    return {size: (low, high) for size, low, high in found.fetchall()}


def expected(sizes, share):
    sizes = np.asarray(sizes)
    lows, highs = stats.binom.ppf(0.025, sizes, share), stats.binom.ppf(0.975, sizes, share) + 1
    return {
        int(size): (int(low), int(high))
        for size, low, high in zip(sizes, lows, highs, strict=True)
        if low > 0 and high <= size
    }


@pytest.mark.parametrize("share", [0.5, 0.95])
@pytest.mark.parametrize(
    "sizes",
    [range(1, 700), np.random.default_rng(1).integers(700, 20_000, 200), SOME],
    ids=["few", "thousands", "millions"],
)
def test_the_ranks_are_those_of_the_binomial_distribution(con, sizes, share):
    assert ranks(con, sizes, share) == expected(list(sizes), share)


def test_a_size_without_an_interval_has_no_ranks(con):
    assert ranks(con, [0, 1, 5, 71], 0.95) == {}
    assert ranks(con, [5, 6, 6], 0.5) == {6: (1, 6)}
