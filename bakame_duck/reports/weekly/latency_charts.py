"""
Draw the weekly report's charts of latency: frames in, figures out.

Nothing here computes, and nothing here depends on DuckDB.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from itertools import pairwise

import polars as pl

from bakame_duck.formatting import STAGE_TITLES
from bakame_duck.reports.charts.days import (
    COUNT_AXIS,
    DAY_TOOLTIP,
    day_axis,
    stacked_by_day,
    target_line,
    with_day_names,
)
from bakame_duck.reports.charts.figure import WIDTH, Figure, Layered, Nothing, color
from bakame_duck.reports.results import takes
from bakame_duck.resources import quick_imports

with quick_imports():
    import altair as alt


def latency_targets(objectives: pl.DataFrame) -> dict[str, float]:
    """Return the latency target of each stage, in ms, from rows of ``objectives_report``."""
    return dict(objectives.filter(pl.col("kind") == "latency").select("stage", "target").iter_rows())


@takes("frame")
def latency_by_stage(latency: pl.DataFrame, objectives: pl.DataFrame, days: Sequence[date] = ()) -> Figure | Nothing:
    """
    Draw p95 and p50 of each stage, day by day, against its target.

    Args:
        latency: Rows of ``latency_percentiles``.

        objectives: Rows of ``objectives_report``.

        days: The days to show; by default those with rows.
    """
    limits = latency_targets(objectives)
    long = with_day_names(latency).unpivot(
        ["p95_ms", "p50_ms"], index=["stage", "day", "day_name", "turns"], variable_name="percentile", value_name="ms"
    )
    long = long.with_columns(pl.col("percentile").str.head(3))
    drawn = [stage for stage in limits if stage in long["stage"]]
    if not drawn:
        return Nothing()
    return Figure(
        [_stage_panel(long.filter(pl.col("stage") == stage), stage, limits[stage], days) for stage in drawn],
        legend={"p95": "accent", "p50": "faint"},
    )


def _stage_panel(rows: pl.DataFrame, stage: str, limit: float, days: Sequence[date]) -> Layered:
    lines = (
        alt.Chart(rows)
        .mark_line(point=True)
        .encode(
            x=day_axis(2, days),
            y=alt.Y("ms:Q", title="ms", axis=alt.Axis(tickCount=4)),
            color=alt.Color(
                "percentile:N", scale=alt.Scale(domain=["p95", "p50"], range=[color("accent"), color("faint")])
            ),
            tooltip=[
                DAY_TOOLTIP,
                alt.Tooltip("percentile:N", title="percentile"),
                alt.Tooltip("ms:Q", title="ms", format=",.0f"),
                alt.Tooltip("turns:Q", title="turns", format=","),
            ],
        )
    )
    return alt.layer(target_line(limit), lines).properties(
        title=STAGE_TITLES[stage],
        height=170,
        width=WIDTH,
        description=f"{STAGE_TITLES[stage]}: p95 and p50 by day, target {limit:,.0f} ms at p95",
    )


@takes("frame")
def latency_distribution(distribution: pl.DataFrame, objectives: pl.DataFrame) -> Figure | Nothing:
    """
    Draw how the turns spread over each stage's time, on a logarithmic axis, with the target.

    Args:
        distribution: Rows of ``latency_distribution``.

        objectives: Rows of ``objectives_report``.
    """
    limits = latency_targets(objectives)
    drawn = [stage for stage in limits if stage in distribution["stage"]]
    if not drawn:
        return Nothing()
    rows = distribution.join(
        pl.DataFrame({"stage": drawn, "limit": [limits[stage] for stage in drawn]}), on="stage"
    ).with_columns(side=pl.when(pl.col("from_ms") >= pl.col("limit")).then(pl.lit("over")).otherwise(pl.lit("within")))
    return Figure(
        [_distribution_panel(rows.filter(pl.col("stage") == stage), stage, limits[stage]) for stage in drawn],
        legend={"within target": "accent", "over target": "bad"},
    )


def _distribution_panel(rows: pl.DataFrame, stage: str, limit: float) -> Layered:
    bars = (
        alt.Chart(rows)
        .mark_bar(cornerRadiusEnd=0, binSpacing=0)
        .encode(
            x=alt.X(
                "from_ms:Q",
                title="ms",
                scale=alt.Scale(type="log", nice=False, padding=4),
                axis=alt.Axis(values=[10, 30, 100, 300, 1000, 3000, 10000, 30000], format="~s", labelFlush=False),
            ),
            x2="to_ms:Q",
            y=alt.Y("share_percent:Q", title="% of turns", axis=alt.Axis(tickCount=4)),
            y2=alt.Y2Datum(0),
            color=alt.Color(
                "side:N",
                scale=alt.Scale(domain=["within", "over"], range=[color("accent"), color("bad")]),
                legend=None,
            ),
            tooltip=[
                alt.Tooltip("from_ms:Q", title="from, ms", format=",.0f"),
                alt.Tooltip("to_ms:Q", title="to, ms", format=",.0f"),
                alt.Tooltip("turns:Q", format=","),
                alt.Tooltip("share_percent:Q", title="% of turns", format=".1f"),
            ],
        )
    )
    return alt.layer(bars, target_line(limit, horizontal=False)).properties(
        title=STAGE_TITLES[stage],
        height=130,
        width=WIDTH,
        description=f"{STAGE_TITLES[stage]}: share of turns by time, target {limit:,.0f} ms at p95",
    )


_PUSHED_BY = {
    "asr": (STAGE_TITLES["asr"], "asr"),
    "llm": (STAGE_TITLES["llm"], "llm"),
    "tts": (STAGE_TITLES["tts"], "tts"),
    "unattributed": ("Unexplained", "faint"),
    "together": ("All together", "unknown"),
}


@takes("frame")
def slow_turns_by_stage(pushed: pl.DataFrame, days: Sequence[date] = ()) -> Figure | Nothing:
    """
    Draw the turns over the target of the whole turn, by day and by the stage that pushed them over.

    Args:
        pushed: Rows of ``slow_turns_by_stage``.

        days: The days to show; by default those with rows.
    """
    return stacked_by_day(
        pushed,
        days,
        column="pushed_by",
        kinds={name: kind for name, kind in _PUSHED_BY.items() if name in pushed["pushed_by"]},
        y=alt.Y("turns:Q", title="turns over target", axis=COUNT_AXIS),
        tooltip=[
            alt.Tooltip("turns:Q", title="turns over target", format=","),
            alt.Tooltip("median_over_ms:Q", title="over the target, median ms", format=",.0f"),
            alt.Tooltip("median_excess_ms:Q", title="stage over its own, median ms", format=",.0f"),
        ],
        description="Turns over the target of the whole turn, by day and the stage that pushed them over",
    )


_WEEKDAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]


def hours_percentile(hours: pl.DataFrame, min_turns: int = 72) -> str:
    """Return the column of ``latency_by_hour`` to draw: p95 if most hours have enough turns for it, else p50."""
    enough = hours.filter(pl.col("turns") >= min_turns).height
    return "p95_ms" if 2 * enough > hours.height else "p50_ms"


@takes("frame")
def latency_by_hour(hours: pl.DataFrame, percentile: str) -> Figure | Nothing:
    """
    Draw the time of the whole turn by weekday and hour, in five shades.

    Args:
        hours: Rows of ``latency_by_hour``.

        percentile: The column to draw, ``p50_ms`` or ``p95_ms``.
    """
    hours = hours.drop_nulls(percentile)
    if hours.is_empty():
        return Nothing()
    edges = _rounded_edges(hours[percentile])
    names = [f"heat-{shade}" for shade in range(1, len(edges) + 2)]
    ends = [f"{edge:,.0f}" for edge in edges]
    labels = [f"under {ends[0]} ms", *(f"{a}–{b}" for a, b in pairwise(ends)), f"{ends[-1]} ms and more"]
    shade = sum(((pl.col(percentile) >= edge).cast(pl.Int64) for edge in edges), start=pl.lit(0))
    rows = hours.with_columns(
        day=pl.col("weekday").replace_strict(range(1, 8), _WEEKDAYS, return_dtype=pl.String),
        shade=shade.replace_strict(range(len(labels)), labels, return_dtype=pl.String),
    )
    cells = (
        alt.Chart(rows)
        .mark_rect(cornerRadius=3, stroke=color("background"), strokeWidth=2)
        .encode(
            x=alt.X(
                "hour:O",
                title=None,
                scale=alt.Scale(domain=list(range(24))),
                axis=alt.Axis(labelAngle=0, labelSeparation=4),
            ),
            y=alt.Y("day:O", title=None, scale=alt.Scale(domain=_WEEKDAYS)),
            color=alt.Color("shade:N", scale=alt.Scale(domain=labels, range=[color(name) for name in names])),
            tooltip=[
                alt.Tooltip("day:O", title="day"),
                alt.Tooltip("hour:O", title="hour"),
                alt.Tooltip("p50_ms:Q", title="p50, ms", format=",.0f"),
                alt.Tooltip("p95_ms:Q", title="p95, ms", format=",.0f"),
                alt.Tooltip("turns:Q", format=","),
            ],
        )
        .properties(height=230, width=WIDTH, description="Time of the whole turn by weekday and local hour")
    )
    return Figure([cells], legend=dict(zip(labels, names, strict=True)))


def _rounded_edges(values: pl.Series) -> list[float]:
    """Return four round numbers that cut *values* into about fifths; fewer where they are alike."""
    ends = [float(values.quantile(share, "linear") or 0) for share in (0.2, 0.4, 0.6, 0.8)]
    spread = max(ends[-1] - ends[0], 1)
    step = next(step for step in (10, 20, 50, 100, 200, 500, 1000, 2000, 5000, spread) if spread / step <= 8)
    return sorted({float(max(round(end / step), 1) * step) for end in ends})
