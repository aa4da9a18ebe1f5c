"""
State the looks that all charts share: the Altair theme, and how a chart is shown.

Every colour is one of ``palette``; the page turns the light ones into CSS variables, so
that the same chart follows the reader's theme.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bakame_duck.palette import MIMETYPE, PALETTE, PANELS
from bakame_duck.resources import quick_imports

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

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        """Return the row for JupyterLab, and the single charts for the page."""
        specs = [chart.to_dict(validate=False) for chart in self.charts]  # tests do, which takes half the time
        config = specs[0]["config"]
        for_page = {"config": config | {"legend": config["legend"] | {"disable": True}}}
        shared = {"$schema", "config", "datasets"}
        width = {"width": WIDTH // len(specs)}
        row = {
            "config": config,
            "datasets": {name: rows for spec in specs for name, rows in spec["datasets"].items()},
            "hconcat": [{name: part for name, part in spec.items() if name not in shared} | width for spec in specs],
        }
        return _render(row) | {PANELS: {"legend": self.legend, "panels": [spec | for_page for spec in specs]}}


class Nothing:
    """In place of a chart without rows, whose axes Vega could not scale; the sentence above it says why."""

    def _repr_html_(self) -> str:
        return ""
