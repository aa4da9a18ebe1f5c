"""Parts of charts that both reports use: the axis of days, its tooltip, stacked bars, target lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import polars as pl

from bakame_duck.reports.charts.figure import WIDTH, Figure, Nothing, color
from bakame_duck.resources import quick_imports

with quick_imports():
    import altair as alt


def day_axis(letters: int, days: Sequence[date]) -> alt.X:
    """Return an axis of *days*, or of those with rows; labels are the weekday's first *letters*, at 0 the date."""
    name = f"slice(utcFormat(toDate(datum.value), '%A'), 0, {letters})"
    if not letters:
        name = "utcFormat(toDate(datum.value), '%-d %b')"
    scale = alt.Scale(domain=[day.isoformat() for day in days]) if days else alt.Undefined
    return alt.X("day:O", title=None, scale=scale, axis=alt.Axis(labelExpr=name, labelAngle=0))


DAY_TOOLTIP = alt.Tooltip("day_name:N", title="day")
COUNT_AXIS = alt.Axis(tickCount=4, tickMinStep=1.01)  # whole numbers only; at 1 Vega still draws halves


def with_day_names(rows: pl.DataFrame) -> pl.DataFrame:
    """Return *rows* with the day as text, so that a reader's time zone can't shift it, and its name."""
    return rows.with_columns(pl.col("day").cast(pl.String), pl.col("day").dt.strftime("%A %-d %B").alias("day_name"))


def target_line(value: float, *, horizontal: bool = True) -> alt.Chart:
    """Return a target as a line: dashed and red, as everywhere."""
    line = alt.Chart(pl.DataFrame({"target": [value]})).mark_rule(
        color=color("bad"), strokeDash=[5, 4], strokeWidth=1.5
    )
    return line.encode(y="target:Q") if horizontal else line.encode(x="target:Q")


def stacked_by_day(
    rows: pl.DataFrame,
    days: Sequence[date],
    *,
    column: str,
    kinds: Mapping[str, tuple[str, str]],
    y: alt.Y,
    tooltip: Sequence[alt.Tooltip],
    description: str,
) -> Figure | Nothing:
    """Draw one bar per day, stacked by *column*; *kinds* gives each value's title and colour."""
    if rows.is_empty():
        return Nothing()
    titles = {name: title for name, (title, _) in kinds.items()}
    stacked = with_day_names(rows).with_columns(
        pl.col(column).replace_strict(titles, return_dtype=pl.String).alias("title"),
        pl.col(column).replace_strict(list(kinds), list(range(len(kinds))), return_dtype=pl.Int64).alias("position"),
    )
    colors = [color(name) for _, name in kinds.values()]
    bars = (
        alt.Chart(stacked)
        .mark_bar(size=30)
        .encode(
            x=day_axis(3, days),
            y=y,
            order="position:O",
            color=alt.Color("title:N", scale=alt.Scale(domain=list(titles.values()), range=colors)),
            tooltip=[DAY_TOOLTIP, alt.Tooltip("title:N", title="stage"), *tooltip],
        )
        .properties(height=230, width=WIDTH, description=description)
    )
    return Figure([bars], legend=dict(kinds.values()))
