"""
Draw the weekly report's charts of errors, incidents and calls: frames in, figures out.

Nothing here computes, and nothing here depends on DuckDB.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import polars as pl

from bakame_duck.formatting import STAGE_TITLES, clock
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
from bakame_duck.reports.weekly.text import call_subtitle
from bakame_duck.resources import quick_imports

with quick_imports():
    import altair as alt


@takes("frame")
def errors_by_day(errors: pl.DataFrame, days: Sequence[date] = ()) -> Figure | Nothing:
    """
    Draw the share of failed turns by day and stage.

    Args:
        errors: Rows of ``errors_by_day``.

        days: The days to show; by default those with rows.
    """
    return stacked_by_day(
        errors,
        days,
        column="stage",
        kinds={stage: (STAGE_TITLES[stage], stage) for stage in ("asr", "llm", "tts", "unknown")},
        y=alt.Y("error_rate_percent:Q", title="failed turns, %", axis=alt.Axis(tickCount=4)),
        tooltip=[
            alt.Tooltip("errors:Q", title="failed turns", format=","),
            alt.Tooltip("error_rate_percent:Q", title="% of the day's turns", format=".2f"),
        ],
        description="Share of failed turns by day and stage",
    )


@takes("frame")
def slo_violation_windows(windows: pl.DataFrame, incidents: pl.DataFrame, timezone: str) -> Figure | Nothing:
    """
    Draw the share of failed or slow turns, hour by hour, of the stage that had the worst incident.

    Args:
        windows: Rows of ``slo_violation_windows``.

        incidents: Rows of :func:`bakame_duck.stats.incidents.find_incidents`; their times are shaded.

        timezone: The time zone of the axis.
    """

    def local(column: str) -> pl.Expr:
        return pl.col(column).dt.replace_time_zone("UTC").dt.convert_time_zone(timezone).dt.replace_time_zone(None)

    if incidents.is_empty():
        return Nothing()
    stage = incidents["stage"][0]
    rows = windows.filter(pl.col("stage") == stage)
    hours = (
        rows.with_columns(hour=local("window_at").dt.truncate("1h"))
        .group_by("hour", maintain_order=True)
        .agg(pl.col("turns").sum(), pl.col("bad_turns").sum())
        .with_columns(
            share=100 * pl.col("bad_turns") / pl.col("turns"),
            until=(pl.col("hour") + pl.duration(hours=1)).dt.to_string("iso:strict"),
            label=pl.col("hour").dt.strftime("%A %H:00"),
            hour=pl.col("hour").dt.to_string("iso:strict"),
        )
    )
    span = (
        incidents.filter(pl.col("stage") == stage)
        .select(local("started_at").alias("from"), local("ended_at").alias("to"))
        .with_columns(pl.all().dt.to_string("iso:strict"))
    )
    shade = (
        alt.Chart(span)
        .mark_rect(color=color("bad-surface"), stroke=color("bad"), strokeWidth=1)
        .encode(x="from:T", x2="to:T")
    )
    bars = (
        alt.Chart(hours)
        .mark_bar(color=color(stage), cornerRadiusEnd=0)
        .encode(
            x=alt.X("hour:T", title=None, axis=alt.Axis(format="%a", tickCount="day", grid=True, labelFlush=False)),
            x2="until:T",
            y=alt.Y("share:Q", title="failed or slow, %", axis=alt.Axis(tickCount=4)),
            y2=alt.Y2Datum(0),
            tooltip=[
                alt.Tooltip("label:N", title="hour"),
                alt.Tooltip("share:Q", title="failed or slow, %", format=".1f"),
                alt.Tooltip("bad_turns:Q", title="failed or slow turns", format=","),
                alt.Tooltip("turns:Q", format=","),
            ],
        )
    )
    chart = alt.layer(shade, bars).properties(
        height=150,
        width=WIDTH,
        description=f"{STAGE_TITLES[stage]}: share of failed or slow turns by hour, the incident shaded",
    )
    return Figure([chart])


@takes("frame")
def callers_by_week(weeks: pl.DataFrame) -> Figure | Nothing:
    """
    Draw the callers of each week, new and returning.

    Args:
        weeks: Rows of ``callers_by_week``.
    """
    if weeks.is_empty():
        return Nothing()
    kinds = {"returning_callers": ("Called before", "accent"), "new_callers": ("New", "faint")}
    rows = weeks.with_columns(
        week=pl.col("week_start").dt.strftime("W%V"), days=pl.col("week_start").dt.strftime("from %-d %B %Y")
    ).unpivot(list(kinds), index=["week", "days", "callers", "calls"], variable_name="kind", value_name="number")
    rows = rows.with_columns(
        title=pl.col("kind").replace_strict({name: title for name, (title, _) in kinds.items()}),
        position=pl.col("kind").replace_strict({name: place for place, name in enumerate(kinds)}),
    )
    bars = (
        alt.Chart(rows)
        .mark_bar(size=30)
        .encode(
            x=alt.X("week:O", title=None, sort=None, axis=alt.Axis(labelAngle=0)),
            y=alt.Y("number:Q", title="callers", axis=COUNT_AXIS),
            order="position:O",
            color=alt.Color(
                "title:N",
                scale=alt.Scale(
                    domain=[title for title, _ in kinds.values()], range=[color(name) for _, name in kinds.values()]
                ),
            ),
            tooltip=[
                alt.Tooltip("days:N", title="week"),
                alt.Tooltip("title:N", title="callers"),
                alt.Tooltip("number:Q", title="number", format=","),
                alt.Tooltip("callers:Q", title="all callers", format=","),
                alt.Tooltip("calls:Q", format=","),
            ],
        )
        .properties(height=230, width=WIDTH, description="Callers by week, new and returning")
    )
    return Figure([bars], legend=dict(kinds.values()))


@takes("frame")
def slowest_calls(turns: pl.DataFrame, limit: float, timezone: str) -> Figure | Nothing:
    """
    Draw the slowest calls, each as its turns: a bar for each stage, one behind the other.

    Args:
        turns: Rows of ``slowest_calls``, with ``caller`` in place of the phone number.

        limit: The target of the whole turn, in ms.

        timezone: The time zone that instants are shown in.
    """
    if turns.is_empty():
        return Nothing()
    kinds = {
        "asr_ms": (STAGE_TITLES["asr"], "asr"),
        "llm_ms": (STAGE_TITLES["llm"], "llm"),
        "tts_ms": (STAGE_TITLES["tts"], "tts"),
        "unattributed_ms": ("Unexplained", "unknown"),
    }
    kinds = {name: kind for name, kind in kinds.items() if (turns[name].fill_null(0) >= 1).any()}
    longest = max(limit, *turns["total_ms"].drop_nulls())
    return Figure(
        [
            _call_panel(call, kinds, limit, longest, timezone)
            for _, call in turns.group_by("place", maintain_order=True)
        ],
        legend=dict(kinds.values()),
    )


def _call_panel(
    turns: pl.DataFrame, kinds: Mapping[str, tuple[str, str]], limit: float, longest: float, timezone: str
) -> Layered:
    turns = turns.sort("turn_at", "turn")
    first = turns.row(0, named=True)
    titles = {name: title for name, (title, _) in kinds.items()}
    clocks = [clock(seconds) for seconds in turns["offset_s"]]
    rows = (
        turns.with_columns(
            place_in_call=pl.int_range(pl.len()),
            clock=pl.Series(clocks),
            failed=pl.col("error_stage").fill_null("none").replace_strict(STAGE_TITLES, default="no stage"),
        )
        .unpivot(
            list(kinds),
            index=["place_in_call", "turn", "clock", "total_ms", "failed"],
            variable_name="stage",
            value_name="ms",
        )
        .drop_nulls("ms")
        .with_columns(
            title=pl.col("stage").replace_strict(titles, return_dtype=pl.String),
            position=pl.col("stage").replace_strict(list(kinds), range(len(kinds)), return_dtype=pl.Int64),
        )
    )
    bars = (
        alt.Chart(rows)
        .mark_bar(height={"band": 0.7}, cornerRadiusEnd=0)
        .encode(
            x=alt.X("ms:Q", title="ms", scale=alt.Scale(domain=[0, longest]), axis=alt.Axis(tickCount=4, grid=True)),
            y=alt.Y("place_in_call:O", title=None, axis=alt.Axis(labelExpr=f"{clocks}[datum.value]")),
            order="position:O",
            color=alt.Color(
                "title:N",
                scale=alt.Scale(domain=list(titles.values()), range=[color(name) for _, name in kinds.values()]),
            ),
            tooltip=[
                alt.Tooltip("turn:Q", title="turn"),
                alt.Tooltip("clock:N", title="into the call"),
                alt.Tooltip("title:N", title="stage"),
                alt.Tooltip("ms:Q", title="ms", format=",.0f"),
                alt.Tooltip("total_ms:Q", title="whole turn, ms", format=",.0f"),
                alt.Tooltip("failed:N", title="failed in"),
            ],
        )
    )
    return alt.layer(bars, target_line(limit, horizontal=False)).properties(
        title=alt.TitleParams(first["caller"], subtitle=call_subtitle(first, timezone)),
        height=16 * max(turns.height, 4),
        width=WIDTH,
        description=f"The turns of a slow call of {first['caller']}, by stage; target {limit:,.0f} ms",
    )


@takes("frame")
def calls_by_day(calls: pl.DataFrame, days: Sequence[date] = ()) -> Figure | Nothing:
    """
    Draw the calls of each day.

    Args:
        calls: Rows of ``calls_per_day``.

        days: The days to show; by default those with rows.
    """
    if calls.is_empty():
        return Nothing()
    chart = (
        alt.Chart(with_day_names(calls))
        .mark_bar(size=30, color=color("accent"))
        .encode(
            x=day_axis(3, days),
            y=alt.Y("calls:Q", title="calls", axis=COUNT_AXIS),
            tooltip=[
                DAY_TOOLTIP,
                alt.Tooltip("calls:Q", format=","),
                alt.Tooltip("callers:Q", format=","),
                alt.Tooltip("turns_per_call:Q", title="turns per call", format=".1f"),
            ],
        )
        .properties(height=230, width=WIDTH, description="Calls by day")
    )
    return Figure([chart])
