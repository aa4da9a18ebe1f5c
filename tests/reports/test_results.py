"""Results carry their SQL to the charts, tables and sentences that are made from them."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import altair as alt
import polars as pl
import pytest
from duckdb import DuckDBPyConnection
from IPython.core.formatters import DisplayFormatter
from markupsafe import Markup

from bakame_duck import metric
from bakame_duck.errors import UnknownMetricError
from bakame_duck.palette import SQL
from bakame_duck.reports import blocks
from bakame_duck.reports.blocks import Block
from bakame_duck.reports.charts import figure
from bakame_duck.reports.charts.figure import Figure
from bakame_duck.reports.queries import metric_result, query_result
from bakame_duck.reports.results import Result, takes
from tests.conftest import Given

WEEK = {"since": datetime(2026, 1, 12), "until": datetime(2026, 1, 19)}
CALLS = Result(pl.DataFrame({"day": [1, 2], "calls": [3, 4]}), "from calls_per_day()")
TOTALS = Result(pl.DataFrame({"turns": [7]}), "from activity()")


@pytest.fixture
def con(given: Given) -> DuckDBPyConnection:
    return given.turns(("2026-01-12 10:00:00", "it's math"), ("2026-01-13 10:00:00", None, {"error": "LLM timeout"}))


# Queries


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("calls_per_day", WEEK | {"timezone": "Africa/Kigali"}),
        ("latency_by_hour", WEEK),
        ("errors_by_message", {}),
        ("user_engagement_metrics", {"as_of": WEEK["until"], "lookback": timedelta(days=30), "max_rows": 1}),
        ("user_engagement_metrics", {"as_of": "2026-01-19T02:00+02:00", "lookback": "30 days", "max_rows": "1"}),
        ("tts_turns", WEEK | {"by": "voice"}),
    ],
)
def test_the_sql_of_a_metric_gives_its_rows(con: DuckDBPyConnection, name: str, arguments: dict[str, object]) -> None:
    result = metric_result(con, name, **arguments)

    assert result.frame.equals(metric(con, name, **arguments).pl())
    assert result.frame.equals(con.sql(result.sql).pl())
    assert result.sql.startswith(f"from {name}(")


def test_an_unknown_metric_is_an_error_that_suggests_another(con: DuckDBPyConnection) -> None:
    with pytest.raises(UnknownMetricError, match="Did you mean calls_per_day"):
        metric_result(con, "calls_by_day")


@pytest.mark.parametrize(
    ("value", "literal"),
    [
        (None, "null"),
        (True, "true"),
        (3, "3"),
        (0.5, "0.5"),
        ("it's", "'it''s'"),
        (datetime(2026, 1, 12, 22), "timestamp '2026-01-12 22:00:00'"),
        (date(2026, 1, 12), "date '2026-01-12'"),
    ],
)
def test_a_parameter_of_a_query_is_a_literal_in_its_sql(con: DuckDBPyConnection, value: object, literal: str) -> None:
    result = query_result(con, "select $value as given, 'x' as other", value=value)

    assert f"select {literal} as given, 'x' as other" == result.sql
    assert {"given": value, "other": "x"} == result.row


def test_a_query_without_a_value_for_a_parameter_is_an_error(con: DuckDBPyConnection) -> None:
    with pytest.raises(KeyError, match="until"):
        query_result(con, "from calls_per_day(until := $until)")


# Results


def test_a_result_has_rows_and_the_only_row() -> None:
    assert [{"day": 1, "calls": 3}, {"day": 2, "calls": 4}] == CALLS.rows
    assert {"turns": 7} == TOTALS.row
    with pytest.raises(ValueError, match="too many values"):
        CALLS.row  # noqa: B018


def test_what_is_made_of_a_result_has_its_sql() -> None:
    joined = CALLS.apply(lambda frame, other, by: frame.filter(pl.col("day") < other["turns"][0] - by), TOTALS, by=5)

    assert [{"day": 1, "calls": 3}] == joined.rows
    assert CALLS.sql == joined.sql


@takes("rows")
def sentence(calls: list[dict[str, int]], totals: list[dict[str, int]], days: int = 0) -> str:
    return f"{len(calls)} days of {days}, {totals[0]['turns']} turns"


@takes("row")
def block(totals: dict[str, int]) -> Block:
    return Block(Markup("<table>{}</table>").format(totals["turns"]))


@takes("frame")
def chart(calls: pl.DataFrame, *, title: str) -> Figure:
    return Figure([alt.Chart(calls).mark_bar().properties(title=title)])


def test_sentences_blocks_and_charts_carry_the_sql_of_all_results() -> None:
    text = sentence(CALLS, totals=TOTALS, days=7)

    assert "2 days of 7, 7 turns" == text
    assert (CALLS.sql, TOTALS.sql) == text.sql == blocks.paragraph(text).sql == blocks.lead("Good.", text).sql
    assert (TOTALS.sql,) == block(TOTALS).sql
    assert (CALLS.sql,) == chart(CALLS, title="Calls").sql


def test_every_part_of_a_pair_of_texts_carries_the_sql() -> None:
    @takes("rows")
    def verdict(calls: list[dict[str, int]]) -> tuple[str, str]:
        return f"{len(calls)}", "days"

    assert [("2", (CALLS.sql,)), ("days", (CALLS.sql,))] == [(str(text), text.sql) for text in verdict(CALLS)]


def test_plain_rows_are_taken_too_and_have_no_sql() -> None:
    assert "2 days of 0, 7 turns" == sentence(CALLS.rows, TOTALS.rows)
    assert () == blocks.paragraph(sentence(CALLS.rows, TOTALS.rows)).sql
    assert () == chart(CALLS.frame, title="Calls").sql


@pytest.mark.parametrize(
    "made", [blocks.paragraph(sentence(CALLS, TOTALS)), block(TOTALS), chart(CALLS, title="Calls")]
)
def test_a_notebook_keeps_the_sql_with_the_output(made: Block | Figure) -> None:
    data, metadata = DisplayFormatter().format(made)

    assert {"text/plain"} < set(data)
    assert list(made.sql) == metadata[SQL]


# The theme


def test_showing_a_chart_changes_no_setting_of_altair() -> None:
    before = alt.theme.active, alt.renderers.active

    DisplayFormatter().format(chart(CALLS, title="Calls"))

    assert before == (alt.theme.active, alt.renderers.active) == ("default", "default")


def test_the_theme_can_be_enabled_for_charts_of_ones_own() -> None:
    with alt.theme.enable("default"), alt.renderers.enable("default"):  # restores both afterwards
        figure.enable()
        own = alt.Chart(CALLS.frame).mark_bar()

        assert figure.CONFIG == own.to_dict()["config"]
        data, _ = DisplayFormatter().format(own)
        assert {"application/vnd.vegalite.v5+json", "text/plain"} == set(data)
