"""
Compare configurations of the speech synthesis with one of them, as a careful statistician would.

Rows of the metric ``tts_turns`` in, rows out. Like is set against like: the same days, hours and modules, answers of
the same length; and a difference is believed only when it is larger than what chance does to whole calls, over all
comparisons made. Nothing here reads a log, draws or words.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl
from scipy import optimize, special, stats
from statsmodels.stats.multitest import multipletests
from threadpoolctl import threadpool_limits

from bakame_duck.schema import TTS_SETTINGS
from bakame_duck.stats.quantile_regression import (
    SIGNIFICANCE,
    Draws,
    Numbers,
    Places,
    regress_quantile,
    resampled_sums,
    slope_shifts,
)

Row = dict[str, Any]

_ALONE = ("voice", "rate", "pitch", "pause", "encoding")  # what can be set while all else stays

MIN_TURNS = 72
"""The turns of an arm below which the 95% interval of a p95 has no upper end; see ``quantile_high``."""

MIN_CALLS = 20
"""The calls of an arm below which resampling calls tells too little."""
_POWER = 0.8
_DRAWS = 1000
_FARTHEST = 40.0  # standard errors; beyond, a p-value is 0 for all purposes
_SEED = 20_250_101
_LENGTHS = ("tokens_out", "sentence_chunks")
_TIME = ("day", "hour", "module_name")
_PRIOR_SD = 1.0  # of an arm's share on a day, at an hour, in a module; in log odds

_PLACES = {f"p{place}_{part}": pl.Float64 for place in (50, 95) for part in ("difference_ms", "low_ms", "high_ms")}
_RATES = {
    f"{rate}_{part}": pl.Float64 for rate in ("barge_in", "fallback") for part in ("difference_points", "low", "high")
}
_COMPARISONS = pl.Schema(
    {
        "setting": pl.String,
        "value": pl.String,
        "reference": pl.String,
        "configuration": pl.Int64,
        "turns": pl.Int64,
        "calls": pl.Int64,
        "reference_turns": pl.Int64,
        "reference_calls": pl.Int64,
        "hours_in_common": pl.Int64,
        **_PLACES,
        "plain_p95_difference_ms": pl.Float64,
        **_RATES,
        "p95_error_ms": pl.Float64,
        "power_percent": pl.Float64,
        "p_value": pl.Float64,
        "p_adjusted": pl.Float64,
        "verdict": pl.String,
    }
)
_PLAN = pl.Schema(
    {
        "setting": pl.String,
        "value": pl.String,
        "reference": pl.String,
        "configuration": pl.Int64,
        "why": pl.String,
        "difference_ms": pl.Float64,
        "turns_now": pl.Int64,
        "more_turns": pl.Int64,
        "days": pl.Int64,
    }
)


def compare_configurations(turns: pl.DataFrame, *, baseline: int = 1, min_effect_ms: float = 50.0) -> pl.DataFrame:
    """
    Return how every configuration differs from one of them, and every setting's values with the others held equal.

    For two arms, turns count by how well the other arm could stand in their place: by the overlap weights of Li,
    Morgan and Zaslavsky (2018, Balancing covariates via propensity score weighting, JASA 113), with an arm's share
    by day, hour and module from a logistic regression with a normal prior. Only days, hours and modules count in which
    both arms spoke. Then each arm's quantile of ``tts_ms`` is regressed on the length of what was said (Koenker and
    Bassett 1978), and the difference taken at the mean length of both.

    Errors come from a bootstrap of whole calls, since turns of a call resemble each other: in each of 1,000 draws the
    calls are drawn anew. What is drawn is the share of turns below the quantile, to which the slopes add by one step of
    Newton's (Chernozhukov, Fernández-Val and Melly 2022, Fast algorithms for the quantile regression process); the ends
    of an arm's interval are the quantiles at the ends of that share's, in log odds (Woodruff 1952, Confidence intervals
    for medians and other position measures, JASA 47), which needs no density. Both arms' intervals make that of the
    difference (Zou and Donner 2008, Construction of confidence limits about effect measures, Statistics in Medicine
    27). Student's distribution takes the calls of the smaller arm, less one, as its degrees of freedom; Holm's
    correction (1979) covers all comparisons that were made. Numbers do not depend on threads.

    Args:
        turns: Rows of ``tts_turns``.

        baseline: The number of the configuration that the others are compared with.

        min_effect_ms: The smallest difference at p95 that is worth having, for ``power_percent``.

    Returns:
        A row for each other configuration (setting 'configuration'), then for each value of a setting against the
        baseline's: value and reference as text; turns and calls that count in the comparison, of those compared and of
        the reference; differences of p50 and p95 in ms with 95% intervals, negative where the reference is slower;
        plain_p95_difference_ms without any adjustment; differences of the barge-in and the fallback rate in percentage
        points with intervals; p95_error_ms, the standard error that the interval comes to; power_percent, the chance
        that a true difference of *worth_ms* would be found; p_value of the difference at p95 and p_adjusted; verdict:
        'better', 'worse', 'not separable', 'too few', 'confounded' (no hour in common), 'not isolated' (no
        configuration differs from another in this setting alone; its value is NULL).
    """
    turns = turns.filter(pl.col("tts_ms").is_finite())
    turns = turns.with_columns(call=_calls(turns))
    if turns.is_empty() or turns.filter(configuration=baseline).is_empty():
        return pl.DataFrame(schema=_COMPARISONS)
    with threadpool_limits(limits=1, user_api="blas"):
        draws = _draw_calls(turns["call"].n_unique())
        rows = [*_configuration_rows(turns, baseline, draws)]
        rows += _setting_rows(turns, baseline, draws, {row[0]["configuration"]: row[1] for row in rows})
    _judge([result for _, result in rows], min_effect_ms)
    return pl.DataFrame([head | result for head, result in rows], schema=_COMPARISONS)


def plan(comparisons: pl.DataFrame, turns: pl.DataFrame, *, min_effect_ms: float = 50.0) -> pl.DataFrame:
    """
    Return what is still open and how many turns would answer it.

    A standard error falls with the root of the turns, so those needed are (z * error / worth)² times those there are,
    where z is that of the significance (over all comparisons) plus that of 80% power. Where an error is not known,
    it is that of the other comparisons, scaled to the turns of the two arms.

    Args:
        comparisons: Rows of :func:`compare_configurations`.

        turns: Rows of ``tts_turns``; their last seven days are today's traffic.

        min_effect_ms: The smallest difference at p95 that is worth having.

    Returns:
        A row for each question: why it is open (a verdict), the turns that its arm has now, more_turns it needs, and
        the days that takes at today's traffic; both are NULL where nothing was compared that an error could be taken
        from. Where the arm does not run beside its reference today, both are given half of the traffic.
    """
    days = turns["day"].n_unique()
    daily = turns.height / days if days else 0.0
    last = turns["day"].max()
    if last is not None:
        week = turns.filter((pl.lit(last) - pl.col("day")).dt.total_days() < 7)
        daily = week.height / week["day"].n_unique()
    rows = comparisons.to_dicts()
    z = _deviates_needed(rows)
    spreads = [row["p95_error_ms"] ** 2 / _inverse_turns(row) for row in rows if row["p95_error_ms"]]
    spread = float(np.median(spreads)) if spreads else None
    asked = {_arms(row) for row in rows if row["setting"] == "configuration"}
    questions = [
        row for row in rows if _is_open(row) and (row["setting"] == "configuration" or _arms(row) not in asked)
    ]
    return pl.DataFrame([_question(row, z, spread, min_effect_ms, days, daily) for row in questions], schema=_PLAN)


@dataclass(frozen=True)
class _Pair:
    """
    The turns of two arms that can be compared, those of the arm in question first.

    Attributes:
        first: How many turns are of the arm in question.

        ms: The times, in ms.

        call: The number of each turn's call.

        lengths: The length of what was said, a column for each measure.

        weight: How much a turn counts, so that both arms are alike in time and module.

        rates: Interrupted, and spoken by a fallback: 1, 0, or NaN where the turn does not say.
    """

    first: int
    ms: Numbers
    call: Places
    lengths: Numbers
    weight: Numbers
    rates: Numbers

    @cached_property
    def arms(self) -> tuple[slice, slice]:
        return slice(0, self.first), slice(self.first, len(self.ms))

    @cached_property
    def mean_length(self) -> Numbers:
        """The mean lengths of both arms, each arm counting half."""
        means = [np.average(self.lengths[arm], axis=0, weights=self.weight[arm]) for arm in self.arms]
        return np.asarray((means[0] + means[1]) / 2)


@dataclass(frozen=True)
class _Arm:
    """
    What is known of an arm's quantile or share.

    Attributes:
        value: It.

        ends: Gives the ends of its interval, that many standard errors away.
    """

    value: float
    ends: Callable[[float], tuple[float, float]]


@dataclass(frozen=True)
class _Difference:
    """
    A difference between two arms, whose intervals make one by MOVER (Zou and Donner 2008).

    Attributes:
        arms: The arm in question, and the reference.

        freedom: The degrees of freedom that their standard errors are known with.
    """

    arms: tuple[_Arm, _Arm]
    freedom: int

    @property
    def value(self) -> float:
        return self.arms[0].value - self.arms[1].value

    @cached_property
    def interval(self) -> tuple[float, float]:
        return self._ends(self._reach)

    @cached_property
    def error(self) -> float:
        """The standard error that the interval comes to."""
        return (self.interval[1] - self.interval[0]) / 2 / self._reach

    @cached_property
    def p_value(self) -> float:
        """The probability of the interval that just reaches 0, in both tails."""
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


def _configuration_rows(turns: pl.DataFrame, baseline: int, draws: Draws) -> Iterator[tuple[Row, Row]]:
    for number in sorted(set(turns["configuration"]) - {baseline}):
        row = {"setting": "configuration", "value": str(number), "reference": str(baseline), "configuration": number}
        arms = [turns.filter(configuration=each) for each in (number, baseline)]
        yield row, _comparison(arms[0], arms[1], _TIME, draws)


def _setting_rows(
    turns: pl.DataFrame, baseline: int, draws: Draws, known: Mapping[int, Row]
) -> Iterator[tuple[Row, Row]]:
    """Yield a row for each value of a setting, where configurations differ in nothing else; *known* are compared."""
    usual = turns.filter(configuration=baseline).row(0, named=True)
    for setting in (each for each in _ALONE if usual[each] is not None):
        others = [other for other in TTS_SETTINGS if other != setting]
        grouped = turns.with_columns(others=pl.struct(others).rank("dense").cast(pl.Int64))
        reference = grouped.filter(pl.col(setting) == usual[setting])
        values = turns.filter(pl.col(setting) != usual[setting])[setting].unique().sort()
        row = {"setting": setting, "value": None, "reference": str(usual[setting]), "configuration": None}
        alone = False
        for value in values:
            arm = grouped.filter(pl.col(setting) == value).join(
                reference, on="others", how="semi", maintain_order="left"
            )
            if arm.is_empty():
                continue
            alone = True
            beside = reference.join(arm, on="others", how="semi", maintain_order="left")
            numbers = [frame["configuration"].unique().to_list() for frame in (arm, beside)]
            if len(numbers[0]) == 1 and numbers[1] == [baseline]:
                yield row | {"value": str(value)}, known[numbers[0][0]]
            else:
                yield row | {"value": str(value)}, _comparison(arm, beside, (*_TIME, "others"), draws)
        if not alone:
            yield row, {"verdict": "not isolated"}


def _comparison(arm: pl.DataFrame, reference: pl.DataFrame, match: Sequence[str], draws: Draws) -> Row:
    """Compare *arm* with *reference* at equal *match*; without differences where that cannot be done."""
    hours = [frame.select("day", "hour").unique() for frame in (arm, reference)]
    common = hours[0].join(hours[1], on=["day", "hour"]).height
    counts = _counts(arm, reference) | {"hours_in_common": common}
    if _few(arm) or _few(reference):
        return counts | {"verdict": "too few"}
    if not common:
        return counts | {"verdict": "confounded"}
    matched = _in_common(arm, reference, match)
    counts |= _counts(*matched)
    if _few(matched[0]) or _few(matched[1]):
        return counts | {"verdict": "too few"}
    pair = _pair(matched, match)
    calls = min(each["call"].n_unique() for each in matched)
    p50, p95 = (_quantile_difference(pair, place, draws, calls) for place in (0.5, 0.95))
    row = counts | {
        **_told(p50, "p50", ("difference_ms", "low_ms", "high_ms")),
        **_told(p95, "p95", ("difference_ms", "low_ms", "high_ms")),
        "plain_p95_difference_ms": _plain_difference(arm, reference),
        "p95_error_ms": p95.error,
        "p_value": p95.p_value,
    }
    for name, rate in zip(("barge_in", "fallback"), pair.rates.T, strict=True):
        row |= _told(_rate_difference(pair, rate, draws, calls), name, ("difference_points", "low", "high"))
    return row


def _told(difference: _Difference | None, name: str, parts: Sequence[str]) -> Row:
    ends = (difference.value, *difference.interval) if difference else (None, None, None)
    return {f"{name}_{part}": end for part, end in zip(parts, ends, strict=True)}


def _counts(arm: pl.DataFrame, reference: pl.DataFrame) -> Row:
    return {
        "turns": arm.height,
        "calls": arm["call"].n_unique(),
        "reference_turns": reference.height,
        "reference_calls": reference["call"].n_unique(),
    }


def _few(arm: pl.DataFrame) -> bool:
    return arm.height < MIN_TURNS or arm["call"].n_unique() < MIN_CALLS


def _plain_difference(arm: pl.DataFrame, reference: pl.DataFrame) -> float:
    return float(np.quantile(arm["tts_ms"], 0.95) - np.quantile(reference["tts_ms"], 0.95))


def _in_common(arm: pl.DataFrame, reference: pl.DataFrame, match: Sequence[str]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return what of both arms lies on days, at hours and in modules that the other has too."""
    size = -1
    while size != (size := arm.height + reference.height):
        for name in match:
            arm, reference = (
                one.join(other.select(name).unique(), on=name, how="semi", nulls_equal=True, maintain_order="left")
                for one, other in ((arm, reference), (reference, arm))
            )
    return arm, reference


def _pair(arms: tuple[pl.DataFrame, pl.DataFrame], match: Sequence[str]) -> _Pair:
    both = pl.concat(arms)
    stated = [name for name in _LENGTHS if all(arm[name].null_count() * 2 < arm.height for arm in arms)]
    kept = both.with_columns(first=pl.int_range(both.height) < arms[0].height).drop_nulls(stated)
    first = int(kept["first"].sum())
    varied = [name for name in stated if all(part[name].n_unique() > 1 for part in (kept[:first], kept[first:]))]
    return _Pair(
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
    """Return for each turn the chance that one of its day, hour and module is of the other arm."""
    cells = turns.select(*match, "first").with_columns(cell=pl.struct(match).rank("dense").cast(pl.Int64) - 1)
    counts = cells.group_by("cell").agg(
        pl.col("first").sum().alias("first_turns"), pl.len().alias("turns"), *(pl.col(name).first() for name in match)
    )
    counts = counts.sort("cell")
    design = np.column_stack(
        [np.ones(counts.height), *(codes[:, None] == np.unique(codes) for codes in map(_codes, counts.select(match)))]
    )
    calls = turns["call"].n_unique() / turns.height  # turns of a call come together: they say it once
    first, all_turns = (counts[name].to_numpy() * calls for name in ("first_turns", "turns"))
    prior = np.r_[0.0, np.full(design.shape[1] - 1, 1 / _PRIOR_SD**2)]

    def loss(beta: Numbers) -> tuple[float, Numbers]:
        score = design @ beta
        value = (all_turns * np.logaddexp(0, score) - first * score).sum() + (prior * beta**2).sum() / 2
        return float(value), design.T @ (all_turns / (1 + np.exp(-score)) - first) + prior * beta

    share = 1 / (1 + np.exp(-design @ optimize.minimize(loss, np.zeros(design.shape[1]), jac=True).x))
    of_turn = share[cells["cell"].to_numpy()]
    return np.asarray(np.where(turns["first"].to_numpy(), 1 - of_turn, of_turn))


def _quantile_difference(pair: _Pair, place: float, draws: Draws, calls: int) -> _Difference:
    """Return the difference between the arms' quantiles at the mean length."""
    first, second = (_quantile(pair, arm, place, draws) for arm in pair.arms)
    return _Difference((first, second), calls - 1)


def _quantile(pair: _Pair, arm: slice, place: float, draws: Draws) -> _Arm:
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


def _rate_difference(pair: _Pair, rate: Numbers, draws: Draws, calls: int) -> _Difference | None:
    """Return the difference of a rate between the arms, in percentage points; None where an arm does not say."""
    said = ~np.isnan(rate)
    if not all(said[arm].any() for arm in pair.arms):
        return None
    first, second = (_share(pair, rate, np.arange(len(rate))[arm][said[arm]], draws) for arm in pair.arms)
    return _Difference((first, second), calls - 1)


def _share(pair: _Pair, rate: Numbers, turns: Places, draws: Draws) -> _Arm:
    """Return in percent how many of *turns* have a *rate* of 1."""
    weight = pair.weight[turns]
    values = np.column_stack([weight * rate[turns], weight])
    drawn = resampled_sums(pair.call[turns], values, draws)
    share = float(100 * values[:, 0].sum() / weight.sum())
    error = float(np.std(100 * drawn[:, 0] / np.maximum(drawn[:, 1], 1e-12), ddof=1))
    return _Arm(share, lambda errors: (share - errors * error, share + errors * error))


def _draw_calls(calls: int) -> Draws:
    """Return for each draw how many times each call was drawn, with replacement."""
    rng = np.random.default_rng(_SEED)
    return np.stack(
        [np.bincount(rng.integers(calls, size=calls), minlength=calls).astype(np.uint8) for _ in range(_DRAWS)]
    )


def _judge(results: Iterable[Row], min_effect_ms: float) -> None:
    """Add Holm's p-value, the verdict and the power to each comparison that was made."""
    made = [row for row in {id(row): row for row in results}.values() if "p_value" in row]
    adjusted = multipletests([row["p_value"] for row in made], method="holm")[1] if made else []
    limit = stats.norm.ppf(1 - SIGNIFICANCE / max(len(made), 1) / 2)
    for row, p_value in zip(made, adjusted, strict=True):
        found = p_value < SIGNIFICANCE
        faster = row["p95_difference_ms"] < 0
        row["p_adjusted"] = float(p_value)
        row["verdict"] = ("better" if faster else "worse") if found else "not separable"
        reach = min_effect_ms / max(row["p95_error_ms"], 1e-9)
        row["power_percent"] = float(100 * (stats.norm.sf(limit - reach) + stats.norm.cdf(-limit - reach)))


def _deviates_needed(rows: Sequence[Row]) -> float:
    made = len({_arms(row) for row in rows if row["p_value"] is not None})
    return float(stats.norm.ppf(1 - SIGNIFICANCE / max(made, 1) / 2) + stats.norm.ppf(_POWER))


def _is_open(row: Row) -> bool:
    """Whether more turns could tell: no verdict, and a difference worth having might have been missed."""
    if row["verdict"] == "not separable":
        return bool(row["power_percent"] < 100 * _POWER)
    return row["verdict"] in ("too few", "confounded", "not isolated")


def _arms(row: Row) -> tuple[object, ...]:
    """Return what tells the turns of one comparison from those of another."""
    return tuple(row[name] for name in ("turns", "calls", "reference_turns", "reference_calls", "p95_error_ms"))


def _inverse_turns(row: Row) -> float:
    return float(1 / row["turns"] + 1 / row["reference_turns"])


def _question(row: Row, z: float, spread: float | None, min_effect_ms: float, days: int, daily: float) -> Row:
    told = {name: row[name] for name in ("setting", "value", "reference", "configuration")}
    told |= {"why": row["verdict"], "difference_ms": min_effect_ms, "turns_now": row["turns"] or 0}
    if row["verdict"] in ("not separable", "too few") and row["hours_in_common"]:
        known = row["p95_error_ms"] ** 2 if row["p95_error_ms"] else spread and spread * _inverse_turns(row)
        if known is None:
            return told
        times = known * (z / min_effect_ms) ** 2
        return told | {
            "more_turns": math.ceil(max(times - 1, 0) * row["turns"]),
            "days": math.ceil(max(times - 1, 0) * days),
        }
    if spread is None:
        return told
    each = math.ceil(2 * spread * (z / min_effect_ms) ** 2)
    return told | {"more_turns": each, "days": math.ceil(2 * each / daily) if daily else None}


def _calls(turns: pl.DataFrame) -> pl.Series:
    """Return the call of each turn as a number from 0 on; a turn without one is a call of its own."""
    named = turns["call_id"].rank("dense").cast(pl.Int64) - 1
    alone = turns["call_id"].is_null()
    return named.fill_null(alone.cum_sum().cast(pl.Int64) - 1 + named.n_unique() - alone.any())


def _codes(column: pl.Series) -> Places:
    """Return the values of a column as numbers; NULL is one of them."""
    return column.rank("dense").cast(pl.Int64).fill_null(0).to_numpy()
