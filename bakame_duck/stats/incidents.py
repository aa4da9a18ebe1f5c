"""
Find incidents: spans of time in which a stage was markedly worse.

Rows of a metric in, rows out.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from datetime import timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

Counts = NDArray[np.int64]
Numbers = NDArray[np.float64]

_INCIDENTS = pl.Schema(
    {
        "stage": pl.String(),
        "started_at": pl.Datetime("us"),
        "ended_at": pl.Datetime("us"),
        "turns": pl.Int64(),
        "bad_turns": pl.Int64(),
        "failed_turns": pl.Int64(),
        "bad_share_percent": pl.Float64(),
        "usual_share_percent": pl.Float64(),
        "p_value": pl.Float64(),
    }
)
_BLOCKS = (5, 15, 60)  # minutes: a few turns, a call, a caller who calls again
_STARTS_AT_ONCE = 256  # keeps the tables of spans in the processor's cache


@dataclass(frozen=True)
class _Rules:
    """The criteria of an incident; see :func:`find_incidents`."""

    max_minutes: int
    min_calls: int
    min_ratio: float
    call_chance: float
    significance: float
    max_incidents: int


@dataclass(frozen=True)
class _Windows:
    """The windows of one stage in order: their start in minutes, and their counts."""

    minutes: Counts
    turns: Counts
    bad_turns: Counts
    calls: Counts
    bad_calls: Counts

    def without(self, span: slice) -> _Windows:
        """Return the same windows with zero counts in *span*."""
        kept = np.ones(len(self.minutes), dtype=bool)
        kept[span] = False
        return _Windows(self.minutes, *(getattr(self, each.name) * kept for each in fields(self)[1:]))


def find_incidents(
    windows: pl.DataFrame,
    *,
    window_minutes: int = 5,
    longest: timedelta = timedelta(days=4),
    significance: float = 0.01,
    min_ratio: float = 2.0,
    min_calls: int = 4,
    call_chance: float = 0.02,
    max_incidents: int = 3,
) -> pl.DataFrame:
    """
    Return the spans of time in which a stage was markedly worse than in the rest of the period.

    Kulldorff's scan statistic for Bernoulli data (1997, A spatial scan statistic, Communications in Statistics –
    Theory and Methods 26), in time: of all spans up to *longest*, the one whose turns inside and outside differ most,
    by the likelihood ratio. It is taken out and the next one looked for (Zhang, Assunção and Kulldorff 2010), until
    the best that remains may be chance. Adjacent spans are joined. A state that lasts for more than half of the turns
    is the usual one, so it is not an incident.

    The probability is bounded instead of simulated, which is fast and needs no random numbers: :func:`chance_exponent`
    gives an upper bound for one span, and the p-value is that bound times the number of spans and stages examined.
    Turns of a call are correlated, so the exponent is divided by the design effect (Rao and Scott 1992) of the rest of
    the period. A few long calls could still make a span, so its calls have to be significant too.

    Args:
        windows: Rows of the metric ``slo_violation_windows``.

        window_minutes: The length of its windows.

        longest: The longest span looked at.

        significance: The largest p-value of an incident.

        min_ratio: How many times the share of bad turns outside it that inside is, at least.

        min_calls: The calls that turned bad in it, at least.

        call_chance: The largest chance of as many calls turning bad in it, by the same bound, of this span alone.

        max_incidents: The most spans that are taken out of a stage.

    Returns:
        A row for each incident, in order of time: stage, started_at and ended_at (naive UTC: begin of the first window
        and end of the last), turns, bad_turns, failed_turns, bad_share_percent, usual_share_percent (of the turns
        outside all incidents of the stage), p_value.
    """
    max_minutes = int(longest.total_seconds()) // 60 - window_minutes
    rules = _Rules(max_minutes, min_calls, min_ratio, call_chance, significance, max_incidents)
    stages = [rows.sort("window_at") for rows in windows.partition_by("stage", maintain_order=True)]
    series = [_windows_of(rows) for rows in stages]
    looks = sum(_spans(each.minutes, max_minutes) for each in series)
    incidents = []
    for rows, each in zip(stages, series, strict=True):
        found = _joined(_incidents(each, rules, looks))
        usual = _share(rows, ~_any_of(found, len(rows)))
        incidents += [_row(rows, edges, p_value, usual, window_minutes) for edges, p_value in found.items()]
    return pl.DataFrame(incidents, schema=_INCIDENTS).sort("started_at", "stage")


def log_likelihood_ratio(bad: Counts, turns: Counts, *, all_bad: int, all_turns: int) -> Numbers:
    """
    Return how much likelier two shares of bad turns make the counts, one inside and one outside, than one share does.

    It is the natural logarithm of Kulldorff's ratio, for spans with *bad* of *turns* in a period with *all_bad* of
    *all_turns*, whichever share is the higher.
    """
    inside = _likelihood(bad, turns)
    outside = _likelihood(all_bad - bad, all_turns - turns)
    return inside + outside - _likelihood(np.array([all_bad]), np.array([all_turns]))


def chance_exponent(bad: Counts, turns: Counts, *, all_bad: int, all_turns: int) -> Numbers:
    """
    Return an x for each span such that chance puts *bad* or more bad turns into it with a probability below exp(-x).

    Given the totals, the bad turns of a span are hypergeometric; x is n times the Kullback-Leibler divergence of the
    span's share from that of all (Hoeffding 1963, theorem 1, which holds without replacement by theorem 4).
    """
    if all_bad in (0, all_turns):
        return np.zeros(len(bad))
    whole = all_bad / all_turns
    exponents = _likelihood(bad, turns) - bad * math.log(whole) - (turns - bad) * math.log(1 - whole)
    return np.where(bad > turns * whole, exponents, 0.0)


def design_effect(minutes: Counts, turns: Counts, bad: Counts, *, block_minutes: int) -> float:
    """
    Return by what factor the counts of bad turns vary more than those of independent turns would.

    Each block of time is compared with the next: given what both have together, the bad turns of the first are
    hypergeometric where turns are independent, and the squares of their deviations add up to their variances. A share
    that changes in the course of the day does not count.
    """
    places = np.unique(minutes[turns > 0] // block_minutes, return_inverse=True)[1]
    n = np.bincount(places, weights=turns[turns > 0])
    c = np.bincount(places, weights=bad[turns > 0])
    both_n, both_c = n[:-1] + n[1:], c[:-1] + c[1:]
    deviations = c[:-1] - both_c * n[:-1] / both_n
    variances = n[:-1] * n[1:] * both_c * (both_n - both_c) / (both_n**2 * np.maximum(both_n - 1, 1))
    return float((deviations**2).sum() / variances.sum()) if variances.any() else 1.0


def _incidents(windows: _Windows, rules: _Rules, looks: int) -> Iterator[tuple[tuple[int, int], float]]:
    """Give the first window of each incident and the one behind its last, and its p-value; the likeliest first."""
    for _ in range(rules.max_incidents):
        edges = _likeliest(windows, rules)
        if edges is None:
            return
        span = slice(*edges)
        rest = windows.without(span)
        bad, turns = windows.bad_turns[span].sum(keepdims=True), windows.turns[span].sum(keepdims=True)
        totals = {"all_bad": int(windows.bad_turns.sum()), "all_turns": int(windows.turns.sum())}
        effects = [design_effect(rest.minutes, rest.turns, rest.bad_turns, block_minutes=each) for each in _BLOCKS]
        exponent = chance_exponent(bad, turns, **totals)[0] / max(1.0, *effects)
        p_value = min(1.0, looks * math.exp(-exponent))
        if p_value > rules.significance:
            return
        yield edges, p_value
        windows = rest


def _joined(found: Iterable[tuple[tuple[int, int], float]]) -> dict[tuple[int, int], float]:
    """Return the edges of incidents with their p-values, those that touch as one with the smaller."""
    joined: dict[tuple[int, int], float] = {}
    for (first, end), p_value in sorted(found):
        before = next(reversed(joined), None)
        if before and before[1] == first:
            first, p_value = before[0], min(p_value, joined.pop(before))
        joined[first, end] = p_value
    return joined


def _likeliest(windows: _Windows, rules: _Rules) -> tuple[int, int] | None:
    """Return the first window of the likeliest incident and the one behind its last; None if no span could be one."""
    turns_before, bad_before, calls_before, bad_calls_before, taken_before = (
        np.concatenate(([0], np.cumsum(counts)))
        for counts in (windows.turns, windows.bad_turns, windows.calls, windows.bad_calls, windows.turns == 0)
    )
    all_turns, all_bad, all_calls, all_bad_calls = (
        int(before[-1]) for before in (turns_before, bad_before, calls_before, bad_calls_before)
    )
    least_exponent = -math.log(rules.call_chance)
    # A span is likelier without windows at its edges that have no bad turn.
    candidates = np.flatnonzero(windows.bad_turns)
    best, best_ratio = None, 0.0
    for at in range(0, len(candidates), _STARTS_AT_ONCE):
        starts = candidates[at : at + _STARTS_AT_ONCE, None]
        reach = windows.minutes[starts[-1, 0]] + rules.max_minutes
        lasts = candidates[at:][windows.minutes[candidates[at:]] <= reach]
        ends = lasts + 1
        turns = turns_before[ends] - turns_before[starts]
        bad = bad_before[ends] - bad_before[starts]
        possible = (
            (lasts >= starts)
            & (windows.minutes[lasts] - windows.minutes[starts] <= rules.max_minutes)
            & (taken_before[ends] == taken_before[starts])
            & (bad_calls_before[ends] - bad_calls_before[starts] >= rules.min_calls)
            & (2 * turns <= all_turns)
            & (bad * (all_turns - turns) >= rules.min_ratio * turns * (all_bad - bad))
        )
        rows, columns = np.nonzero(possible)
        first, end = starts[rows, 0], ends[columns]
        bad_calls, calls = bad_calls_before[end] - bad_calls_before[first], calls_before[end] - calls_before[first]
        borne_out = chance_exponent(bad_calls, calls, all_bad=all_bad_calls, all_turns=all_calls) >= least_exponent
        ratios = log_likelihood_ratio(bad[possible], turns[possible], all_bad=all_bad, all_turns=all_turns) * borne_out
        if len(ratios) and ratios.max() > best_ratio:
            found = int(ratios.argmax())
            best, best_ratio = (int(first[found]), int(end[found])), float(ratios[found])
    return best


def _windows_of(rows: pl.DataFrame) -> _Windows:
    minutes = rows["window_at"].dt.epoch("us").to_numpy() // 60_000_000
    return _Windows(minutes, *(rows[each.name].cast(pl.Int64).to_numpy() for each in fields(_Windows)[1:]))


def _spans(minutes: Counts, longest: int) -> int:
    """Return the number of spans that begin and end at any of *minutes*."""
    ends = np.searchsorted(minutes, minutes + longest, side="right")
    return int((ends - np.arange(len(minutes))).sum())


def _row(
    rows: pl.DataFrame, edges: tuple[int, int], p_value: float, usual: float, window_minutes: int
) -> dict[str, object]:
    inside = rows[slice(*edges)]
    return {
        "stage": inside["stage"][0],
        "started_at": inside["window_at"][0],
        "ended_at": inside["window_at"][-1] + timedelta(minutes=window_minutes),
        **{name: inside[name].sum() for name in ("turns", "bad_turns", "failed_turns")},
        "bad_share_percent": _share(inside, np.ones(len(inside), dtype=bool)),
        "usual_share_percent": usual,
        "p_value": p_value,
    }


def _any_of(spans: Iterable[tuple[int, int]], length: int) -> NDArray[np.bool_]:
    """Return which of so many windows are in any of *spans*."""
    inside = np.zeros(length, dtype=bool)
    for first, end in spans:
        inside[first:end] = True
    return inside


def _share(rows: pl.DataFrame, chosen: NDArray[np.bool_]) -> float:
    """Return the bad turns in percent of the turns."""
    bad, turns = (int(rows[name].to_numpy()[chosen].sum()) for name in ("bad_turns", "turns"))
    return 100 * bad / turns


def _likelihood(bad: Counts, turns: Counts) -> Numbers:
    """Return the logarithm of the likelihood of *bad* of *turns* at the share that they have."""
    return _x_log_x(bad) + _x_log_x(turns - bad) - _x_log_x(turns)


def _x_log_x(counts: Counts) -> Numbers:
    return np.multiply(counts, np.log(np.maximum(counts, 1)), dtype=np.float64)
