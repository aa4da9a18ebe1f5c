"""
Compare configurations of the speech synthesis with one of them, and plan what to measure next.

Rows of the metric ``tts_turns`` in, rows out. Comparisons are made over the same days, hours and modules, for answers
of the same length. A difference counts only if it exceeds the variation between whole calls, corrected for all
comparisons made.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl
from scipy import stats
from statsmodels.stats.multitest import multipletests
from threadpoolctl import threadpool_limits

from bakame_duck.schema import TTS_SETTINGS
from bakame_duck.stats.differences import Difference, draw_calls, quantile_difference, rate_difference
from bakame_duck.stats.matching import pair_arms, turns_in_common
from bakame_duck.stats.quantile_regression import SIGNIFICANCE, Draws

Row = dict[str, Any]

_ALONE = ("voice", "rate", "pitch", "pause", "encoding")  # can be varied alone

MIN_TURNS = 72
"""The turns of an arm below which the 95% interval of a p95 has no upper end; see ``quantile_high``."""

MIN_CALLS = 20
"""The calls of an arm below which resampling calls is unreliable."""
_POWER = 0.8
_TIME = ("day", "hour", "module_name")

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

        min_effect_ms: The smallest difference at p95 that matters, for ``power_percent``.

    Returns:
        A row for each other configuration (setting 'configuration'), then for each value of a setting against the
        baseline's: value and reference as text; turns and calls that count in the comparison, of those compared and of
        the reference; differences of p50 and p95 in ms with 95% intervals, negative where the reference is slower;
        plain_p95_difference_ms without any adjustment; differences of the barge-in and the fallback rate in percentage
        points with intervals; p95_error_ms, the standard error of that difference; power_percent, the probability that
        a true difference of *min_effect_ms* would be found; p_value of the difference at p95 and p_adjusted; verdict:
        'better', 'worse', 'not separable', 'too few', 'confounded' (no hour in common), 'not isolated' (no
        configuration differs from another in this setting alone; its value is NULL).
    """
    turns = turns.filter(pl.col("tts_ms").is_finite())
    turns = turns.with_columns(call=_calls(turns))
    if turns.is_empty() or turns.filter(configuration=baseline).is_empty():
        return pl.DataFrame(schema=_COMPARISONS)
    with threadpool_limits(limits=1, user_api="blas"):
        draws = draw_calls(turns["call"].n_unique())
        rows = [*_configuration_rows(turns, baseline, draws)]
        rows += _setting_rows(turns, baseline, draws, {row[0]["configuration"]: row[1] for row in rows})
    _judge([result for _, result in rows], min_effect_ms)
    return pl.DataFrame([head | result for head, result in rows], schema=_COMPARISONS)


def plan(comparisons: pl.DataFrame, turns: pl.DataFrame, *, min_effect_ms: float = 50.0) -> pl.DataFrame:
    """
    Return the open questions, and how many turns would answer each.

    A standard error falls with the square root of the turns, so (z * error / min_effect_ms)² times the present turns
    are needed, where z is that of the significance (over all comparisons) plus that of 80% power. An unknown error is
    estimated from the other comparisons, scaled to the turns of the two arms.

    Args:
        comparisons: Rows of :func:`compare_configurations`.

        turns: Rows of ``tts_turns``; their last seven days are today's traffic.

        min_effect_ms: The smallest difference at p95 that matters.

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
    matched = turns_in_common(arm, reference, match)
    counts |= _counts(*matched)
    if _few(matched[0]) or _few(matched[1]):
        return counts | {"verdict": "too few"}
    pair = pair_arms(matched, match)
    calls = min(each["call"].n_unique() for each in matched)
    p50, p95 = (quantile_difference(pair, place, draws, calls) for place in (0.5, 0.95))
    row = counts | {
        **_estimate(p50, "p50", ("difference_ms", "low_ms", "high_ms")),
        **_estimate(p95, "p95", ("difference_ms", "low_ms", "high_ms")),
        "plain_p95_difference_ms": _plain_difference(arm, reference),
        "p95_error_ms": p95.error,
        "p_value": p95.p_value,
    }
    for name, rate in zip(("barge_in", "fallback"), pair.rates.T, strict=True):
        row |= _estimate(rate_difference(pair, rate, draws, calls), name, ("difference_points", "low", "high"))
    return row


def _estimate(difference: Difference | None, name: str, parts: Sequence[str]) -> Row:
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
    """Whether more turns could decide: no verdict, and a difference that matters might have been missed."""
    if row["verdict"] == "not separable":
        return bool(row["power_percent"] < 100 * _POWER)
    return row["verdict"] in ("too few", "confounded", "not isolated")


def _arms(row: Row) -> tuple[object, ...]:
    """Return values that identify the turns of a comparison."""
    return tuple(row[name] for name in ("turns", "calls", "reference_turns", "reference_calls", "p95_error_ms"))


def _inverse_turns(row: Row) -> float:
    return float(1 / row["turns"] + 1 / row["reference_turns"])


def _question(row: Row, z: float, spread: float | None, min_effect_ms: float, days: int, daily: float) -> Row:
    question = {name: row[name] for name in ("setting", "value", "reference", "configuration")}
    question |= {"why": row["verdict"], "difference_ms": min_effect_ms, "turns_now": row["turns"] or 0}
    if row["verdict"] in ("not separable", "too few") and row["hours_in_common"]:
        known = row["p95_error_ms"] ** 2 if row["p95_error_ms"] else spread and spread * _inverse_turns(row)
        if known is None:
            return question
        times = known * (z / min_effect_ms) ** 2
        return question | {
            "more_turns": math.ceil(max(times - 1, 0) * row["turns"]),
            "days": math.ceil(max(times - 1, 0) * days),
        }
    if spread is None:
        return question
    each = math.ceil(2 * spread * (z / min_effect_ms) ** 2)
    return question | {"more_turns": each, "days": math.ceil(2 * each / daily) if daily else None}


def _calls(turns: pl.DataFrame) -> pl.Series:
    """Return the call of each turn as a number from 0 on; a turn without one is a call of its own."""
    named = turns["call_id"].rank("dense").cast(pl.Int64) - 1
    alone = turns["call_id"].is_null()
    return named.fill_null(alone.cum_sum().cast(pl.Int64) - 1 + named.n_unique() - alone.any())
