"""
Estimate differences between two arms, with intervals from resampled calls.

Pairs of arms in, differences of a quantile or a rate out.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import special, stats

from bakame_duck.stats.matching import Pair
from bakame_duck.stats.quantile_regression import (
    SIGNIFICANCE,
    Draws,
    Numbers,
    Places,
    regress_quantile,
    resampled_sums,
    slope_shifts,
)

_DRAWS = 1000
_FARTHEST = 40.0  # standard errors; beyond, a p-value is 0 for all purposes
_SEED = 20_250_101


@dataclass(frozen=True)
class _Arm:
    """
    An arm's quantile or share, with its interval.

    Attributes:
        value: The estimate.

        ends: Returns the ends of its interval at a number of standard errors.
    """

    value: float
    ends: Callable[[float], tuple[float, float]]


@dataclass(frozen=True)
class Difference:
    """
    A difference between two arms, with an interval from both arms' intervals (MOVER, Zou and Donner 2008).

    Attributes:
        arms: The arm in question, and the reference.

        freedom: The degrees of freedom of the standard errors.
    """

    arms: tuple[_Arm, _Arm]
    freedom: int

    @property
    def value(self) -> float:
        """The estimate."""
        return self.arms[0].value - self.arms[1].value

    @cached_property
    def interval(self) -> tuple[float, float]:
        """The 95% interval."""
        return self._ends(self._reach)

    @cached_property
    def error(self) -> float:
        """The standard error that corresponds to the interval."""
        return (self.interval[1] - self.interval[0]) / 2 / self._reach

    @cached_property
    def p_value(self) -> float:
        """The two-sided p-value: that of the interval whose end is 0."""
        near, far = 0.0, _FARTHEST
        low, high = self._ends(far)
        if low <= 0 <= high:
            while far - near > 1e-9:
                middle = (near + far) / 2
                low, high = self._ends(middle)
                near, far = (near, middle) if low <= 0 <= high else (middle, far)
        return float(2 * stats.t.sf(far, self.freedom))

    @property
    def _reach(self) -> float:
        return float(stats.t.ppf(1 - SIGNIFICANCE / 2, self.freedom))

    def _ends(self, errors: float) -> tuple[float, float]:
        (low, high), (other_low, other_high) = (arm.ends(errors) for arm in self.arms)
        value, other = (arm.value for arm in self.arms)
        return (
            self.value - math.hypot(value - low, other_high - other),
            self.value + math.hypot(high - value, other - other_low),
        )


def quantile_difference(pair: Pair, place: float, draws: Draws, calls: int) -> Difference:
    """Return the difference between the arms' quantiles at the mean length."""
    first, second = (_quantile(pair, arm, place, draws) for arm in pair.arms)
    return Difference((first, second), calls - 1)


def _quantile(pair: Pair, arm: slice, place: float, draws: Draws) -> _Arm:
    """Return an arm's quantile at the mean length of both arms."""
    ms, weight, call = pair.ms[arm], pair.weight[arm], pair.call[arm]
    design = np.column_stack([np.ones(len(ms)), pair.lengths[arm] - pair.mean_length])
    slopes = regress_quantile(ms, design, place, weight)[1:]
    residuals = ms - design[:, 1:] @ slopes
    order = np.argsort(residuals, kind="stable")
    residuals, weight, call, design = residuals[order], weight[order], call[order], design[order]
    heaped = np.cumsum(weight)
    whole = heaped[-1]
    level = float(residuals[np.searchsorted(heaped, place * whole * (1 - 1e-12)).clip(max=len(ms) - 1)])
    below = (residuals <= level).astype(np.float64)
    drawn = resampled_sums(call, np.column_stack([weight * below, weight]), draws)
    shares = drawn[:, 0] / drawn[:, 1]
    if len(slopes):
        shares += slope_shifts(residuals - level, weight, call, design, place, draws) / whole
    error = float(np.std(shares, ddof=1)) / (place * (1 - place))  # in log odds
    places = (heaped - weight / 2) / whole

    def ends(errors: float) -> tuple[float, float]:
        odds = special.logit(place) + np.array([-1, 1]) * errors * error
        low, high = np.interp(special.expit(odds), places, residuals)
        return min(float(low), level), max(float(high), level)

    return _Arm(level, ends)


def rate_difference(pair: Pair, rate: Numbers, draws: Draws, calls: int) -> Difference | None:
    """Return the difference of a rate between the arms, in percentage points; None if an arm has no values."""
    known = ~np.isnan(rate)
    if not all(known[arm].any() for arm in pair.arms):
        return None
    first, second = (_share(pair, rate, np.arange(len(rate))[arm][known[arm]], draws) for arm in pair.arms)
    return Difference((first, second), calls - 1)


def _share(pair: Pair, rate: Numbers, turns: Places, draws: Draws) -> _Arm:
    """Return in percent how many of *turns* have a *rate* of 1."""
    weight = pair.weight[turns]
    values = np.column_stack([weight * rate[turns], weight])
    drawn = resampled_sums(pair.call[turns], values, draws)
    share = float(100 * values[:, 0].sum() / weight.sum())
    error = float(np.std(100 * drawn[:, 0] / np.maximum(drawn[:, 1], 1e-12), ddof=1))
    return _Arm(share, lambda errors: (share - errors * error, share + errors * error))


def draw_calls(calls: int) -> Draws:
    """Return for each draw how many times each call was drawn, with replacement."""
    rng = np.random.default_rng(_SEED)
    return np.stack(
        [np.bincount(rng.integers(calls, size=calls), minlength=calls).astype(np.uint8) for _ in range(_DRAWS)]
    )
