"""
Draw the reports' charts: frames in, Altair charts out, one theme for all.

Nothing here computes, and nothing here knows DuckDB. Every colour comes from
:data:`PALETTE`; the page turns the light ones into CSS variables, so that the
same chart follows the reader's light or dark theme.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import polars as pl

from bakame_duck.palette import MIMETYPE, PALETTE, PANELS
from bakame_duck.resources import quick_imports
from bakame_duck.wording import STAGE_TITLES, configuration_names

with quick_imports():
    import altair as alt

WIDTH = 640
"""Of a chart in JupyterLab, in pixels; on a page it is as wide as its place."""

Layered = alt.LayerChart | alt.FacetChart  # what alt.layer is declared to return


def color(name: str) -> str:
    """Return the light colour called *name*."""
    return PALETTE[name][0]


@alt.theme.register("bakame_duck", enable=True)
def _theme() -> alt.theme.ThemeConfig:
    font = "Inter, system-ui, sans-serif"
    return {
        "config": {
            "background": "transparent",
            "font": font,
            "padding": {"left": 2, "right": 10, "top": 4, "bottom": 2},
            "view": {"stroke": None},
            "title": {"color": color("ink"), "fontSize": 13, "fontWeight": 600, "anchor": "start", "offset": 10},
            "axis": {
                "domain": False,
                "ticks": False,
                "gridColor": color("line"),
                "labelColor": color("mute"),
                "titleColor": color("mute"),
                "labelFontSize": 12,
                "titleFontSize": 12,
                "titleFontWeight": 400,
                "labelPadding": 6,
                "titlePadding": 8,
                "labelOverlap": "greedy",
            },
            "axisX": {"grid": False},
            "legend": {
                "orient": "top",
                "title": None,
                "labelColor": color("mute"),
                "labelFontSize": 12,
                "symbolSize": 90,
                "symbolStrokeWidth": 0,
            },
            "line": {"strokeWidth": 2},
            "point": {"filled": True, "size": 45, "opacity": 1},
            "bar": {"cornerRadiusEnd": 2},
        }
    }


_SCHEMA = "https://vega.github.io/schema/vega-lite/v5.json"


def _render(spec: dict[str, Any], **_: object) -> dict[str, Any]:
    return {MIMETYPE: spec | {"$schema": _SCHEMA}, "text/plain": spec.get("description", "a chart")}


alt.renderers.register("bakame_duck", _render)
alt.renderers.enable("bakame_duck")


@dataclass(frozen=True)
class Panels:
    """Small charts side by side: a row in JupyterLab, as many as fit in a row on the page."""

    charts: Sequence[alt.Chart | Layered]
    legend: dict[str, str]
    """What each colour means, by its name in :data:`PALETTE`; the page shows it once."""

    MIMETYPE = PANELS

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        """Return the row for JupyterLab, and the single charts for the page."""
        row = alt.hconcat(*(chart.properties(width=WIDTH // len(self.charts)) for chart in self.charts))
        panels = [chart.configure_legend(disable=True).to_dict() for chart in self.charts]
        return _render(row.to_dict()) | {self.MIMETYPE: {"legend": self.legend, "panels": panels}}


class Nothing:
    """In place of a chart without rows, whose axes Vega could not scale."""

    def _repr_html_(self) -> str:
        return '<p class="why">Nothing to draw.</p>'


def _day(letters: int, days: Sequence[date]) -> alt.X:
    """Return the axis of *days*, or of those that have rows, each named by its first *letters*."""
    name = f"slice(utcFormat(toDate(datum.value), '%A'), 0, {letters})"
    scale = alt.Scale(domain=[day.isoformat() for day in days]) if days else alt.Undefined
    return alt.X("day:O", title=None, scale=scale, axis=alt.Axis(labelExpr=name, labelAngle=0))


_DAY_TOOLTIP = alt.Tooltip("day_name:N", title="day")


def _with_day_names(rows: pl.DataFrame) -> pl.DataFrame:
    """Return *rows* with the day as text, which no reader's time zone can shift, and its name."""
    return rows.with_columns(pl.col("day").cast(pl.String), pl.col("day").dt.strftime("%A %-d %B").alias("day_name"))


def _judged(fewest: int) -> Any:
    """Return the colour of a configuration: grey when it has fewer turns than a p95 can be judged on."""
    few, enough = alt.value(color("unknown")), alt.value(color("accent"))
    return alt.condition(alt.datum.turns < fewest, few, enough)


def _target(value: float, *, horizontal: bool = True) -> alt.Chart:
    """Return the line of a target: dashed and red, everywhere."""
    line = alt.Chart(pl.DataFrame({"target": [value]})).mark_rule(
        color=color("bad"), strokeDash=[5, 4], strokeWidth=1.5
    )
    return line.encode(y="target:Q") if horizontal else line.encode(x="target:Q")


def latency_by_stage(latency: pl.DataFrame, objectives: pl.DataFrame, days: Sequence[date] = ()) -> Panels | Nothing:
    """
    Draw p95 and p50 of each stage, day by day, against its target.

    Args:
        latency: Rows of ``latency_percentiles``.

        objectives: Rows of ``objectives_report``.

        days: The days to show, with rows or without; by default those with rows.
    """
    limits = dict(objectives.filter(pl.col("kind") == "latency").select("stage", "target").iter_rows())
    long = _with_day_names(latency).unpivot(
        ["p95_ms", "p50_ms"], index=["stage", "day", "day_name", "turns"], variable_name="percentile", value_name="ms"
    )
    long = long.with_columns(pl.col("percentile").str.head(3))
    drawn = [stage for stage in limits if stage in long["stage"]]
    if not drawn:
        return Nothing()
    return Panels(
        [_stage_panel(long.filter(pl.col("stage") == stage), stage, limits[stage], days) for stage in drawn],
        legend={"p95": "accent", "p50": "faint"},
    )


def _stage_panel(rows: pl.DataFrame, stage: str, limit: float, days: Sequence[date]) -> Layered:
    lines = (
        alt.Chart(rows)
        .mark_line(point=True)
        .encode(
            x=_day(2, days),
            y=alt.Y("ms:Q", title="ms", axis=alt.Axis(tickCount=4)),
            color=alt.Color(
                "percentile:N", scale=alt.Scale(domain=["p95", "p50"], range=[color("accent"), color("faint")])
            ),
            tooltip=[
                _DAY_TOOLTIP,
                alt.Tooltip("percentile:N", title="percentile"),
                alt.Tooltip("ms:Q", title="ms", format=",.0f"),
                alt.Tooltip("turns:Q", title="turns", format=","),
            ],
        )
    )
    return alt.layer(_target(limit), lines).properties(
        title=STAGE_TITLES[stage],
        height=170,
        width=WIDTH,
        description=f"{STAGE_TITLES[stage]}: p95 and p50 by day, target {limit:,.0f} ms at p95",
    )


def errors_by_day(errors: pl.DataFrame, days: Sequence[date] = ()) -> Panels | Nothing:
    """
    Draw the share of failed turns by day and stage.

    Args:
        errors: Rows of ``errors_by_day``.

        days: The days to show, with rows or without; by default those with rows.
    """
    if errors.is_empty():
        return Nothing()
    stages = ["asr", "llm", "tts", "unknown"]
    titles = [STAGE_TITLES[stage] for stage in stages]
    rows = _with_day_names(errors).with_columns(
        pl.col("stage").replace_strict(STAGE_TITLES, return_dtype=pl.String).alias("title"),
        pl.col("stage").replace_strict(stages, list(range(len(stages))), return_dtype=pl.Int64).alias("position"),
    )
    bars = (
        alt.Chart(rows)
        .mark_bar(size=30)
        .encode(
            x=_day(3, days),
            y=alt.Y("error_rate_percent:Q", title="failed turns, %", axis=alt.Axis(tickCount=4)),
            order="position:O",
            color=alt.Color("title:N", scale=alt.Scale(domain=titles, range=[color(stage) for stage in stages])),
            tooltip=[
                _DAY_TOOLTIP,
                alt.Tooltip("title:N", title="stage"),
                alt.Tooltip("errors:Q", title="failed turns", format=","),
                alt.Tooltip("error_rate_percent:Q", title="% of the day's turns", format=".2f"),
            ],
        )
        .properties(height=230, width=WIDTH, description="Share of failed turns by day and stage")
    )
    return Panels([bars], legend=dict(zip(titles, stages, strict=True)))


def calls_by_day(calls: pl.DataFrame, days: Sequence[date] = ()) -> alt.Chart | Nothing:
    """
    Draw the calls of each day.

    Args:
        calls: Rows of ``calls_per_day``.

        days: The days to show, with rows or without; by default those with rows.
    """
    if calls.is_empty():
        return Nothing()
    return (
        alt.Chart(_with_day_names(calls))
        .mark_bar(size=30, color=color("accent"))
        .encode(
            x=_day(3, days),
            y=alt.Y("calls:Q", title="calls", axis=alt.Axis(tickCount=4)),
            tooltip=[
                _DAY_TOOLTIP,
                alt.Tooltip("calls:Q", format=","),
                alt.Tooltip("callers:Q", format=","),
                alt.Tooltip("turns_per_call:Q", title="turns per call", format=".1f"),
            ],
        )
        .properties(height=230, width=WIDTH, description="Calls by day")
    )


def named(configurations: pl.DataFrame) -> pl.DataFrame:
    """Return the rows of ``tts_configurations`` with a short ``name`` for each, to label charts by."""
    names = configuration_names(configurations.to_dicts())
    return configurations.with_columns(pl.Series("name", names, dtype=pl.String))


def configurations_by_speed(configurations: pl.DataFrame, limit: float, fewest: int) -> Layered | Nothing:
    """
    Draw p50 and p95 of each TTS configuration against the target.

    Args:
        configurations: Rows of ``tts_configurations`` with a ``name``.

        limit: The target at p95, in ms.

        fewest: The turns below which a p95 is not judged; such points are grey.
    """
    configurations = configurations.drop_nulls("p95_ms")
    if configurations.is_empty():
        return Nothing()
    base = alt.Chart(configurations).encode(
        y=alt.Y("name:N", title=None, sort=alt.EncodingSortField("p95_ms", order="ascending"))
    )
    tooltip = [
        alt.Tooltip("name:N", title="configuration"),
        alt.Tooltip("p50_ms:Q", title="p50, ms", format=",.0f"),
        alt.Tooltip("p95_ms:Q", title="p95, ms", format=",.0f"),
        alt.Tooltip("turns:Q", format=","),
    ]
    span = base.mark_rule(strokeWidth=4, color=color("faint"), strokeCap="round").encode(
        x=alt.X(
            "p50_ms:Q",
            title="synthesis time, ms: from p50 to p95 (dot)",
            scale=alt.Scale(zero=False),
            axis=alt.Axis(tickCount=6),
        ),
        x2="p95_ms:Q",
        tooltip=tooltip,
    )
    dot = base.mark_point(size=90).encode(x="p95_ms:Q", color=_judged(fewest), tooltip=tooltip)
    return alt.layer(_target(limit, horizontal=False), span, dot).properties(
        height=34 * configurations.height,
        width=WIDTH,
        description=f"p50 and p95 of the synthesis time by configuration, target {limit:,.0f} ms at p95",
    )


def speed_against_interruptions(configurations: pl.DataFrame, fewest: int) -> Layered | Nothing:
    """
    Draw each TTS configuration by its p95 and its barge-in rate.

    Args:
        configurations: Rows of ``tts_configurations`` with a ``name``.

        fewest: The turns below which a p95 is not judged; such points are grey.
    """
    configurations = configurations.drop_nulls(["p95_ms", "barge_in_rate_percent"])
    if configurations.is_empty():
        return Nothing()
    base = alt.Chart(configurations).encode(
        x=alt.X(
            "p95_ms:Q",
            title="p95 of the synthesis time, ms",
            scale=alt.Scale(zero=False, padding=60, nice=False),
            axis=alt.Axis(tickCount=5),
        ),
        y=alt.Y("barge_in_rate_percent:Q", title="interrupted turns, %", scale=alt.Scale(zero=False, padding=24)),
    )
    points = base.mark_point(size=90).encode(
        color=_judged(fewest),
        tooltip=[
            alt.Tooltip("name:N", title="configuration"),
            alt.Tooltip("p95_ms:Q", title="p95, ms", format=",.0f"),
            alt.Tooltip("barge_in_rate_percent:Q", title="interrupted, %", format=".1f"),
            alt.Tooltip("turns:Q", format=","),
        ],
    )
    labels = base.mark_text(dy=-13, color=color("ink"), fontSize=12).encode(text="name:N")
    return alt.layer(points, labels).properties(
        height=280, width=WIDTH, description="Barge-in rate against p95 of the synthesis time, by configuration"
    )
