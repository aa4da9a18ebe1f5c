"""
Match the turns of two arms, so that like is compared with like.

Frames of turns in, weighted pairs of arms out: the same days, hours and modules, weighted by how
well the other arm could replace a turn.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl
from scipy import optimize

from bakame_duck.stats.quantile_regression import Numbers, Places

_LENGTHS = ("tokens_out", "sentence_chunks")
_PRIOR_SD = 1.0  # of an arm's share by day, hour and module, in log odds


@dataclass(frozen=True)
class Pair:
    """
    The turns of two arms that can be compared, those of the arm in question first.

    Attributes:
        first: The number of turns of the arm in question.

        ms: The times, in ms.

        call: The number of each turn's call.

        lengths: The length of what was said, a column for each measure.

        weight: The weight of each turn, which balances both arms in time and module.

        rates: Interrupted, and spoken by a fallback: 1, 0, or NaN where unknown.
    """

    first: int
    ms: Numbers
    call: Places
    lengths: Numbers
    weight: Numbers
    rates: Numbers

    @cached_property
    def arms(self) -> tuple[slice, slice]:
        """The turns of the arm in question, and those of the reference."""
        return slice(0, self.first), slice(self.first, len(self.ms))

    @cached_property
    def mean_length(self) -> Numbers:
        """The mean lengths of both arms, each arm counting half."""
        means = [np.average(self.lengths[arm], axis=0, weights=self.weight[arm]) for arm in self.arms]
        return np.asarray((means[0] + means[1]) / 2)


def turns_in_common(
    arm: pl.DataFrame, reference: pl.DataFrame, match: Sequence[str]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the turns of both arms with values of *match*, such as day, hour and module, that both have."""
    size = -1
    while size != (size := arm.height + reference.height):
        for name in match:
            arm, reference = (
                one.join(other.select(name).unique(), on=name, how="semi", nulls_equal=True, maintain_order="left")
                for one, other in ((arm, reference), (reference, arm))
            )
    return arm, reference


def pair_arms(arms: tuple[pl.DataFrame, pl.DataFrame], match: Sequence[str]) -> Pair:
    """Return the *arms*, the one in question first, with weights that balance them in *match*."""
    both = pl.concat(arms)
    stated = [name for name in _LENGTHS if all(arm[name].null_count() * 2 < arm.height for arm in arms)]
    kept = both.with_columns(first=pl.int_range(both.height) < arms[0].height).drop_nulls(stated)
    first = int(kept["first"].sum())
    varied = [name for name in stated if all(part[name].n_unique() > 1 for part in (kept[:first], kept[first:]))]
    return Pair(
        first=first,
        ms=kept["tts_ms"].to_numpy().astype(np.float64),
        call=kept["call"].to_numpy(),
        lengths=kept.select(varied).to_numpy().astype(np.float64).reshape(kept.height, len(varied)),
        weight=_overlap_weights(kept, match),
        rates=kept.select(
            pl.col("barge_in_triggered").cast(pl.Float64),
            (pl.col("tts_fallback_count") > 0).cast(pl.Float64),
        )
        .fill_null(math.nan)
        .to_numpy(),
    )


def _overlap_weights(turns: pl.DataFrame, match: Sequence[str]) -> Numbers:
    """Return for each turn the probability that a turn of its day, hour and module belongs to the other arm."""
    cells = turns.select(*match, "first").with_columns(cell=pl.struct(match).rank("dense").cast(pl.Int64) - 1)
    counts = cells.group_by("cell").agg(
        pl.col("first").sum().alias("first_turns"), pl.len().alias("turns"), *(pl.col(name).first() for name in match)
    )
    counts = counts.sort("cell")
    design = np.column_stack(
        [np.ones(counts.height), *(codes[:, None] == np.unique(codes) for codes in map(_codes, counts.select(match)))]
    )
    calls = turns["call"].n_unique() / turns.height  # turns of a call are not independent
    first, all_turns = (counts[name].to_numpy() * calls for name in ("first_turns", "turns"))
    prior = np.r_[0.0, np.full(design.shape[1] - 1, 1 / _PRIOR_SD**2)]

    def loss(beta: Numbers) -> tuple[float, Numbers]:
        score = design @ beta
        value = (all_turns * np.logaddexp(0, score) - first * score).sum() + (prior * beta**2).sum() / 2
        return float(value), design.T @ (all_turns / (1 + np.exp(-score)) - first) + prior * beta

    share = 1 / (1 + np.exp(-design @ optimize.minimize(loss, np.zeros(design.shape[1]), jac=True).x))
    of_turn = share[cells["cell"].to_numpy()]
    return np.asarray(np.where(turns["first"].to_numpy(), 1 - of_turn, of_turn))


def _codes(column: pl.Series) -> Places:
    """Return the values of a column as numbers; NULL is one of them."""
    return column.rank("dense").cast(pl.Int64).fill_null(0).to_numpy()
