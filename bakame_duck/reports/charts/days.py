"""Parts that charts of both reports share: the axis of days, its tooltip, target lines."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import polars as pl

from bakame_duck.reports.charts.theme import color
from bakame_duck.resources import quick_imports

with quick_imports():
    import altair as alt


def day_axis(letters: int, days: Sequence[date]) -> alt.X:
    """Return the axis of *days*, or of those that have rows, each named by its first *letters*; 0: by its date."""
    name = f"slice(utcFormat(toDate(datum.value), '%A'), 0, {letters})"
    if not letters:
        name = "utcFormat(toDate(datum.value), '%-d %b')"
    scale = alt.Scale(domain=[day.isoformat() for day in days]) if days else alt.Undefined
    return alt.X("day:O", title=None, scale=scale, axis=alt.Axis(labelExpr=name, labelAngle=0))


DAY_TOOLTIP = alt.Tooltip("day_name:N", title="day")
COUNT_AXIS = alt.Axis(tickCount=4, tickMinStep=1.01)  # of what has no halves; with 1 Vega draws them all the same


def with_day_names(rows: pl.DataFrame) -> pl.DataFrame:
    """Return *rows* with the day as text, which no reader's time zone can shift, and its name."""
    return rows.with_columns(pl.col("day").cast(pl.String), pl.col("day").dt.strftime("%A %-d %B").alias("day_name"))


def target_line(value: float, *, horizontal: bool = True) -> alt.Chart:
    """Return the line of a target: dashed and red, everywhere."""
    line = alt.Chart(pl.DataFrame({"target": [value]})).mark_rule(
        color=color("bad"), strokeDash=[5, 4], strokeWidth=1.5
    )
    return line.encode(y="target:Q") if horizontal else line.encode(x="target:Q")
