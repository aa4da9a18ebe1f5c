"""
Weighted quantile regression, and how its coefficients vary over resampled calls.

Arrays in, arrays out.
"""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from statsmodels.regression.quantile_regression import QuantReg

Numbers = NDArray[np.float64]
Places = NDArray[np.int64]
Draws = NDArray[np.uint8]

SIGNIFICANCE = 0.05


def resampled_sums(call: Places, values: Numbers, draws: Draws) -> Numbers:
    """Return for each draw the sums of each column of *values* over the turns of the calls that were drawn."""
    calls, places = np.unique(call, return_inverse=True)
    by_call = np.column_stack([np.bincount(places, column) for column in values.T])
    return np.asarray(draws[:, calls].astype(np.float64) @ by_call)


def regress_quantile(ms: Numbers, design: Numbers, place: float, weight: Numbers) -> Numbers:
    """
    Return the coefficients of the linear regression of a quantile, each observation counting by its weight.

    The loss of quantile regression is proportional to a residual, so a weight multiplies both sides.

    Args:
        ms: The n observations.

        design: n rows of regressors.

        place: Which quantile, between 0 and 1.

        weight: n weights, above 0.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it stops after 1,000 steps, at a thousandth of a ms
        return np.asarray(QuantReg(ms * weight, design * weight[:, None]).fit(q=place).params)


def slope_shifts(
    residuals: Numbers, weight: Numbers, call: Places, design: Numbers, place: float, draws: Draws
) -> Numbers:
    """
    Return for each draw how much the shift of the slopes adds to the weight below the quantile at the mean length.

    The arm's own mean length differs from that of both arms; the larger the difference, the more the slopes matter.
    They move by one Newton step, with the density at the quantile estimated from nearby turns (Powell 1991).
    """
    width = _bandwidth(residuals, place)
    near = np.abs(residuals) < width
    hessian = (design[near] * weight[near, None]).T @ design[near] / (2 * width)
    if np.linalg.matrix_rank(hessian) < len(hessian):
        return np.zeros(len(draws))
    scores = design * (weight * (place - (residuals < 0)))[:, None]
    moved = resampled_sums(call, scores, draws) - scores.sum(axis=0)
    return np.asarray(hessian[0, 1:] @ np.linalg.solve(hessian, moved.T)[1:])


def _bandwidth(residuals: Numbers, place: float) -> float:
    """Return the bandwidth around the quantile for estimating the density (Hall and Sheather 1988), in ms."""
    deviate = stats.norm.ppf(place)
    density = stats.norm.pdf(deviate)
    share = (
        len(residuals) ** (-1 / 3)
        * stats.norm.ppf(1 - SIGNIFICANCE / 2) ** (2 / 3)
        * (1.5 * density**2 / (2 * deviate**2 + 1)) ** (1 / 3)
    )
    share = min(share, (1 - place) / 2)
    low, high = np.quantile(residuals, [place - share, place + share])
    return max(float(high - low) / 2, 1e-9)
