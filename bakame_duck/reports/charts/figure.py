"""
Show charts in a notebook with the project's theme.

A figure renders its charts when it is displayed, with a configuration of its own: importing
this module changes no setting of Altair. :func:`enable` applies the same look to other charts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from bakame_duck.palette import MIMETYPE, PALETTE, PANELS, SQL
from bakame_duck.resources import quick_imports

with quick_imports():
    import altair as alt

WIDTH = 640
"""The width of a chart in JupyterLab, in pixels; on a page a chart fills its container."""

Layered = alt.LayerChart | alt.FacetChart  # what alt.layer is declared to return
Spec = dict[str, Any]
_SCHEMA = "https://vega.github.io/schema/vega-lite/v5.json"


def color(name: str) -> str:
    """Return the light colour called *name*."""
    return PALETTE[name][0]


# Light colours only: the page replaces each by a CSS variable, so that charts follow the reader's theme.
CONFIG: Spec = {
    "background": "transparent",
    "font": "Inter, -apple-system, Segoe UI, Roboto, Noto Sans, Arial, sans-serif",  # as in report.css
    "padding": {"left": 2, "right": 10, "top": 4, "bottom": 2},
    "view": {"stroke": None},
    "title": {
        "color": color("ink"),
        "subtitleColor": color("mute"),
        "fontSize": 13,
        "subtitleFontSize": 12,
        "fontWeight": 600,
        "anchor": "start",
        "offset": 10,
    },
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
    "axisX": {"grid": False, "labelSeparation": 3},
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


@dataclass(frozen=True)
class Figure:
    """
    One or more charts: a row in JupyterLab, as many side by side as fit on a page.

    Attributes:
        charts: The charts, without a theme.

        legend: What each colour means, by its name in :data:`bakame_duck.palette.PALETTE`; the page shows it once,
            above the charts. Without one, each chart shows its own.

        sql: The SQL of the results that it shows.
    """

    charts: Sequence[alt.Chart | Layered]
    legend: Mapping[str, str] = field(default_factory=dict)
    sql: tuple[str, ...] = ()

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> tuple[Spec, Spec]:
        specs = [_spec(chart) for chart in self.charts]
        shown = {MIMETYPE: _with_schema(specs[0] if len(specs) == 1 else _in_a_row(specs))}
        if self.legend:
            own = {"config": CONFIG | {"legend": CONFIG["legend"] | {"disable": True}}}
            shown[PANELS] = {"legend": dict(self.legend), "panels": [spec | own for spec in specs]}
        text = "; ".join(str(spec.get("description", "a chart")) for spec in specs)
        return shown | {"text/plain": text}, {SQL: list(self.sql)}


class Nothing:
    """Replaces a chart without rows, whose axes Vega could not scale; the sentence above it says why."""

    def _repr_html_(self) -> str:
        return ""


def enable() -> None:
    """Use the theme of the reports, and a renderer that needs no network, for all charts of this session."""

    def theme() -> alt.theme.ThemeConfig:
        return cast(alt.theme.ThemeConfig, {"config": CONFIG})

    def render(spec: Spec, **_: object) -> Spec:
        return {MIMETYPE: _with_schema(spec), "text/plain": spec.get("description", "a chart")}

    alt.theme.register("bakame_duck", enable=True)(theme)
    alt.renderers.register("bakame_duck", render)
    alt.renderers.enable("bakame_duck")


def _spec(chart: alt.Chart | Layered) -> Spec:
    """Return a chart as Vega-Lite with our configuration, whatever theme the session has."""
    return chart.to_dict(validate=False) | {"config": CONFIG}  # the tests validate; it takes half the time


def _with_schema(spec: Spec) -> Spec:
    return spec | {"$schema": _SCHEMA}


def _in_a_row(specs: Sequence[Spec]) -> Spec:
    shared = {"$schema", "config", "datasets"}
    width = {"width": WIDTH // len(specs)}
    return {
        "config": CONFIG,
        "datasets": {name: rows for spec in specs for name, rows in spec["datasets"].items()},
        "hconcat": [{name: part for name, part in spec.items() if name not in shared} | width for spec in specs],
    }
