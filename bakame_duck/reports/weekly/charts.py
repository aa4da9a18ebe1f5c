"""
Draw the reports' charts: frames in, Altair charts out.

Nothing here computes, and nothing here knows DuckDB. Colours and looks are those of
``theme``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from itertools import pairwise

import polars as pl

from bakame_duck.formatting import STAGE_TITLES, clock
from bakame_duck.reports.charts.days import COUNT_AXIS, DAY_TOOLTIP, day_axis, target_line, with_day_names
from bakame_duck.reports.charts.theme import WIDTH, Layered, Nothing, Panels, color
from bakame_duck.reports.weekly.text import call_subtitle
from bakame_duck.resources import quick_imports

with quick_imports():
    import altair as alt


def targets(objectives: pl.DataFrame) -> dict[str, float]:
    """Return the latency target of each stage, in ms, from rows of ``objectives_report``."""
    return dict(objectives.filter(pl.col("kind") == "latency").select("stage", "target").iter_rows())


def latency_by_stage(latency: pl.DataFrame, objectives: pl.DataFrame, days: Sequence[date] = ()) -> Panels | Nothing:
    """
    Draw p95 and p50 of each stage, day by day, against its target.

    Args:
        latency: Rows of ``latency_percentiles``.

        objectives: Rows of ``objectives_report``.

        days: The days to show, with rows or without; by default those with rows.
    """
    limits = targets(objectives)
    long = with_day_names(latency).unpivot(
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


def latency_distribution(distribution: pl.DataFrame, objectives: pl.DataFrame) -> Panels | Nothing:
    """
    Draw how the turns spread over each stage's time, on a logarithmic axis, with the target.

    Args:
        distribution: Rows of ``latency_distribution``.

        objectives: Rows of ``objectives_report``.
    """
    limits = targets(objectives)
    drawn = [stage for stage in limits if stage in distribution["stage"]]
    if not drawn:
        return Nothing()
    rows = distribution.join(
        pl.DataFrame({"stage": drawn, "limit": [limits[stage] for stage in drawn]}), on="stage"
    ).with_columns(side=pl.when(pl.col("from_ms") >= pl.col("limit")).then(pl.lit("over")).otherwise(pl.lit("within")))
    return Panels(
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


def slow_turns_by_stage(pushed: pl.DataFrame, days: Sequence[date] = ()) -> Panels | Nothing:
    """
    Draw the turns over the target of the whole turn, by day and by the stage that pushed them over.

    Args:
        pushed: Rows of ``slow_turns_by_stage``.

        days: The days to show, with rows or without; by default those with rows.
    """
    return _stacked_by_day(
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


def errors_by_day(errors: pl.DataFrame, days: Sequence[date] = ()) -> Panels | Nothing:
    """
    Draw the share of failed turns by day and stage.

    Args:
        errors: Rows of ``errors_by_day``.

        days: The days to show, with rows or without; by default those with rows.
    """
    return _stacked_by_day(
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


def _stacked_by_day(
    rows: pl.DataFrame,
    days: Sequence[date],
    *,
    column: str,
    kinds: Mapping[str, tuple[str, str]],
    y: alt.Y,
    tooltip: Sequence[alt.Tooltip],
    description: str,
) -> Panels | Nothing:
    """Draw a bar a day, stacked by *column*, whose *kinds* have a title and a colour each."""
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
    return Panels([bars], legend=dict(kinds.values()))


_WEEKDAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]


def hours_percentile(hours: pl.DataFrame, min_turns: int = 72) -> str:
    """Return the column of ``latency_by_hour`` that most of its hours have turns enough for: a p95 needs 72."""
    enough = hours.filter(pl.col("turns") >= min_turns).height
    return "p95_ms" if 2 * enough > hours.height else "p50_ms"


def latency_by_hour(hours: pl.DataFrame, percentile: str) -> Panels | Nothing:
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
    return Panels([cells], legend=dict(zip(labels, names, strict=True)))


def _rounded_edges(values: pl.Series) -> list[float]:
    """Return four round numbers that cut *values* into about fifths; fewer where they are alike."""
    ends = [float(values.quantile(share, "linear") or 0) for share in (0.2, 0.4, 0.6, 0.8)]
    spread = max(ends[-1] - ends[0], 1)
    step = next(step for step in (10, 20, 50, 100, 200, 500, 1000, 2000, 5000, spread) if spread / step <= 8)
    return sorted({float(max(round(end / step), 1) * step) for end in ends})


def bad_turns(windows: pl.DataFrame, incidents: pl.DataFrame, timezone: str) -> Layered | Nothing:
    """
    Draw the share of failed or slow turns, hour by hour, of the stage that had the worst incident.

    Args:
        windows: Rows of ``bad_turns``.

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
    return alt.layer(shade, bars).properties(
        height=150,
        width=WIDTH,
        description=f"{STAGE_TITLES[stage]}: share of failed or slow turns by hour, the incident shaded",
    )


def callers_by_week(weeks: pl.DataFrame) -> Panels | Nothing:
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
    return Panels([bars], legend=dict(kinds.values()))


def slowest_calls(turns: pl.DataFrame, limit: float, timezone: str) -> Panels | Nothing:
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
    return Panels(
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
