"""
Draw the charts of the TTS-tuning report: frames in, figures out.

Nothing here computes, and nothing here depends on DuckDB.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import polars as pl

from bakame_duck.reports.charts.days import DAY_TOOLTIP, day_axis, target_line, with_day_names
from bakame_duck.reports.charts.figure import WIDTH, Figure, Layered, Nothing, color
from bakame_duck.reports.results import takes
from bakame_duck.reports.tts.names import configuration_names
from bakame_duck.resources import quick_imports
from bakame_duck.sanitize import sanitize

with quick_imports():
    import altair as alt


def named(configurations: pl.DataFrame) -> pl.DataFrame:
    """Return rows of ``tts_configurations`` with a short ``name`` for charts."""
    configurations = configurations.with_columns(pl.selectors.string().map_elements(sanitize, return_dtype=pl.String))
    names = configuration_names(configurations.to_dicts())
    return configurations.with_columns(pl.Series("name", names, dtype=pl.String))


@takes("frame")
def configurations_by_speed(configurations: pl.DataFrame, limit: float) -> Figure | Nothing:
    """
    Draw p50 and p95 of each configuration, the latter with its interval, against the target.

    Args:
        configurations: Rows of ``tts_configurations`` with a ``name``.

        limit: The target at p95, in ms.
    """
    rows = configurations.drop_nulls("p95_ms")
    if rows.is_empty():
        return Nothing()
    base = alt.Chart(rows.select("name", "turns", "status", *(name for name in rows.columns if name.startswith("p"))))
    y = alt.Y("name:N", title=None, sort=rows.sort("p95_ms")["name"].to_list())
    tooltip = [
        alt.Tooltip("name:N", title="configuration"),
        alt.Tooltip("p50_ms:Q", title="p50, ms", format=",.0f"),
        alt.Tooltip("p95_ms:Q", title="p95, ms", format=",.0f"),
        alt.Tooltip("p95_low_ms:Q", title="p95 from, ms", format=",.0f"),
        alt.Tooltip("p95_high_ms:Q", title="p95 to, ms", format=",.0f"),
        alt.Tooltip("turns:Q", format=","),
    ]
    scale = alt.Scale(zero=False, padding=12)
    interval = base.mark_rule(strokeWidth=4, color=color("faint"), strokeCap="round").encode(
        x=alt.X("p95_low_ms:Q", title="synthesis time, ms", scale=scale, axis=alt.Axis(tickCount=6, grid=True)),
        x2="p95_high_ms:Q",
        y=y,
        tooltip=tooltip,
    )
    median = base.mark_tick(thickness=2, size=14, color=color("mute")).encode(x="p50_ms:Q", y=y, tooltip=tooltip)
    few = alt.FieldOneOfPredicate(field="status", oneOf=["too few", "not measured"])
    dot = base.mark_point(size=90).encode(
        x="p95_ms:Q",
        y=y,
        color=alt.condition(few, alt.value(color("unknown")), alt.value(color("accent"))),
        tooltip=tooltip,
    )
    chart = alt.layer(target_line(limit, horizontal=False), interval, median, dot).properties(
        height=34 * rows.height + 20,
        width=WIDTH,
        description=f"p50 and p95 of the synthesis time by configuration, target {limit:,.0f} ms at p95",
    )
    return Figure([chart])


_SIGNED = "datum.value ? format(datum.value, '+,.0f') : '0'"
_TONES = {"better": "good", "worse": "bad", "not separable": "unknown"}


@takes("frame")
def differences(comparisons: pl.DataFrame, names: Mapping[int, str]) -> Figure | Nothing:
    """
    Draw each configuration's difference from the baseline at p95, with its interval.

    Args:
        comparisons: Rows of :func:`bakame_duck.stats.tts_comparison.compare_configurations`.

        names: The name of each configuration, by its number.
    """
    rows = comparisons.filter(setting="configuration").drop_nulls("p95_difference_ms").sort("p95_difference_ms")
    if rows.is_empty():
        return Nothing()
    rows = rows.with_columns(name=pl.col("configuration").replace_strict(names, return_dtype=pl.String))
    verdicts = [verdict for verdict in _TONES if verdict in rows["verdict"]]
    base = alt.Chart(
        rows.select("name", "turns", "verdict", *(each for each in rows.columns if each[:3] == "p95"))
    ).encode(
        y=alt.Y("name:N", title=None, sort=rows["name"].to_list()),
        color=alt.Color(
            "verdict:N",
            scale=alt.Scale(domain=verdicts, range=[color(_TONES[verdict]) for verdict in verdicts]),
        ),
        tooltip=[
            alt.Tooltip("name:N", title="configuration"),
            alt.Tooltip("p95_difference_ms:Q", title="difference at p95, ms", format="+,.0f"),
            alt.Tooltip("p95_low_ms:Q", title="from, ms", format="+,.0f"),
            alt.Tooltip("p95_high_ms:Q", title="to, ms", format="+,.0f"),
            alt.Tooltip("verdict:N"),
            alt.Tooltip("turns:Q", format=","),
        ],
    )
    interval = base.mark_rule(strokeWidth=3, strokeCap="round").encode(
        x=alt.X(
            "p95_low_ms:Q", title="difference at p95, ms", axis=alt.Axis(tickCount=6, grid=True, labelExpr=_SIGNED)
        ),
        x2="p95_high_ms:Q",
    )
    none = alt.Chart(pl.DataFrame({"none": [0.0]})).mark_rule(color=color("ink"), strokeWidth=1).encode(x="none:Q")
    chart = alt.layer(none, interval, base.mark_point(size=90).encode(x="p95_difference_ms:Q")).properties(
        height=34 * rows.height + 20,
        width=WIDTH,
        description="Difference of each configuration's p95 from the baseline's, with its 95% interval",
    )
    return Figure([chart], legend={verdict: _TONES[verdict] for verdict in verdicts})


@takes("frame")
def trade_off(configurations: pl.DataFrame) -> Figure | Nothing:
    """
    Draw p95 against the barge-in rate and against the fallback rate, with interval bars; the unbeaten in green.

    Args:
        configurations: Rows of ``tts_configurations`` with a ``name``.
    """
    configurations = configurations.drop_nulls("is_unbeaten")
    titles = {"barge_in": "interrupted turns, %", "fallback": "turns with a fallback, %"}
    drawn = [rate for rate in titles if configurations[f"{rate}_rate_percent"].count()]
    if configurations.is_empty() or not drawn:
        return Nothing()
    kinds = {"no other beats it": "good", "beaten by another": "unknown"}
    rows = configurations.with_columns(
        kind=pl.when("is_unbeaten").then(pl.lit("no other beats it")).otherwise(pl.lit("beaten by another")),
    )
    legend = {kind: tone for kind, tone in kinds.items() if kind in rows["kind"]}
    return Figure([_trade_off_panel(rows, rate, titles[rate], kinds) for rate in drawn], legend=legend)


def _trade_off_panel(rows: pl.DataFrame, rate: str, title: str, kinds: Mapping[str, str]) -> Layered:
    shown_rows = rows.select(
        "name", "turns", "kind", *(each for each in rows.columns if each.startswith(("p95", rate)))
    )
    rates = pl.col(f"{rate}_rate_percent")
    shown_rows = shown_rows.drop_nulls(rates.meta.output_name()).sort("p95_ms", "name")
    # A label stands below its dot when the dot to the left lies higher: so neighbours do not write over each other.
    shown_rows = shown_rows.with_columns(below=(rates < rates.shift()).fill_null(value=False))
    base = alt.Chart(shown_rows).encode(
        color=alt.Color("kind:N", scale=alt.Scale(domain=list(kinds), range=[color(tone) for tone in kinds.values()])),
        tooltip=[
            alt.Tooltip("name:N", title="configuration"),
            alt.Tooltip("p95_ms:Q", title="p95, ms", format=",.0f"),
            alt.Tooltip(f"{rate}_rate_percent:Q", title=title, format=".1f"),
            alt.Tooltip("turns:Q", format=","),
        ],
    )
    x_scale = alt.Scale(zero=False, padding=24, nice=False)
    y_scale = alt.Scale(zero=False, padding=20, nice=False)
    across = base.mark_rule(strokeWidth=2, opacity=0.55).encode(
        x=alt.X("p95_low_ms:Q", title="p95 of the synthesis time, ms", scale=x_scale, axis=alt.Axis(tickCount=5)),
        x2="p95_high_ms:Q",
        y=alt.Y(f"{rate}_rate_percent:Q", title=title, scale=y_scale, axis=alt.Axis(tickCount=5)),
    )
    up = base.mark_rule(strokeWidth=2, opacity=0.55).encode(
        x=alt.X("p95_ms:Q", scale=x_scale),
        y=alt.Y(f"{rate}_low_percent:Q", scale=y_scale),
        y2=f"{rate}_high_percent:Q",
    )
    point: dict[str, Any] = {"x": alt.X("p95_ms:Q"), "y": alt.Y(f"{rate}_rate_percent:Q")}
    dots = base.mark_point(size=90).encode(**point)
    labels = [
        base.transform_filter(alt.datum.below == below)
        .mark_text(align="left", dx=8, dy=dy, fontSize=12, limit=140)
        .encode(**point, text="name:N", color=alt.value(color("ink")))
        for below, dy in ((False, -9), (True, 12))
        if below in shown_rows["below"]
    ]
    return alt.layer(across, up, dots, *labels).properties(
        title=title[0].upper() + title[1:].removesuffix(", %"),
        height=280,
        width=WIDTH,
        description=f"{title} against p95 of the synthesis time, by configuration",
    )


@takes("frame")
def interruptions(groups: pl.DataFrame) -> Figure | Nothing:
    """
    Draw how often callers broke in, by chunks, by pause and by the length of the answer, with intervals.

    Args:
        groups: Rows of ``tts_interruptions``.
    """
    titles = {"chunks": "By sentence chunks", "pause": "By pause, ms", "tokens": "By tokens out"}
    panels = [
        _interruptions_panel(rows, titles[kind])
        for kind in titles
        if (rows := groups.filter((pl.col("kind") == kind) & (pl.col("turns") >= 10))).height
    ]
    return Figure(panels, legend={"share of turns": "accent", "95% interval": "faint"}) if panels else Nothing()


def _interruptions_panel(rows: pl.DataFrame, title: str) -> Layered:
    kind, last = rows["kind"][0], rows["value"].max()
    more = (kind == "chunks" and last == 6) or (kind == "tokens" and last == 100)
    labels = [
        f"{value:.0f}+"
        if more and value == last
        else f"{value:.0f}–{value + 24:.0f}"
        if kind == "tokens"
        else f"{value:.0f}"
        for value in rows["value"]
    ]
    shown_rows = rows.select("turns", "barge_in_rate_percent", "low_percent", "high_percent").with_columns(
        label=pl.Series(labels)
    )
    base = alt.Chart(shown_rows).encode(
        x=alt.X("label:O", title=None, sort=labels, axis=alt.Axis(labelAngle=0)),
        tooltip=[
            alt.Tooltip("label:N", title=title.removeprefix("By ")),
            alt.Tooltip("barge_in_rate_percent:Q", title="interrupted, %", format=".1f"),
            alt.Tooltip("low_percent:Q", title="from, %", format=".1f"),
            alt.Tooltip("high_percent:Q", title="to, %", format=".1f"),
            alt.Tooltip("turns:Q", format=","),
        ],
    )
    interval = base.mark_rule(strokeWidth=4, strokeCap="round", color=color("faint")).encode(
        y=alt.Y("low_percent:Q", title="interrupted, %", axis=alt.Axis(tickCount=4)), y2="high_percent:Q"
    )
    dots = base.mark_point(size=70, color=color("accent")).encode(y="barge_in_rate_percent:Q")
    return alt.layer(interval, dots).properties(
        title=title, height=190, width=WIDTH, description=f"Share of interrupted turns, {title[0].lower()}{title[1:]}"
    )


@takes("frame")
def fallbacks_by_day(fallbacks: pl.DataFrame, days: Sequence[date] = ()) -> Figure | Nothing:
    """
    Draw the share of turns with a fallback, day by day.

    Args:
        fallbacks: The turns, fallbacks and fallback_rate_percent of each day.

        days: The days to show; by default those with rows.
    """
    if fallbacks.is_empty() or not fallbacks["fallbacks"].sum():
        return Nothing()
    letters = 3 if len(days) <= 7 else 0
    chart = (
        alt.Chart(with_day_names(fallbacks))
        .mark_bar(color=color("tts"))
        .encode(
            x=day_axis(letters, days),
            y=alt.Y("fallback_rate_percent:Q", title="turns with a fallback, %", axis=alt.Axis(tickCount=4)),
            tooltip=[
                DAY_TOOLTIP,
                alt.Tooltip("fallback_rate_percent:Q", title="with a fallback, %", format=".1f"),
                alt.Tooltip("fallbacks:Q", format=","),
                alt.Tooltip("turns:Q", format=","),
            ],
        )
        .properties(height=190, width=WIDTH, description="Share of turns with a fallback, day by day")
    )
    return Figure([chart])
