"""Ad-hoc SQL, metrics by name, and the columns of the logs."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from bakame_duck import schema
from bakame_duck.cli.options import Data, Mirror, RowFormat, log_folders
from bakame_duck.cli.output import connect, stderr, write
from bakame_duck.errors import QueryError, UnknownParameterError
from bakame_duck.formats import Format

if TYPE_CHECKING:
    import duckdb


def run_sql(
    query: Annotated[
        str, typer.Argument(metavar="SQL", help="A query over the views and metrics; '-' reads it from stdin.")
    ],
    data: Data = None,
    mirror: Mirror = None,
    form: RowFormat = Format.TABLE,
) -> None:
    """
    Run SQL over the logs.

    [dim]bakame-duck sql "select error, count(*) from turns where error_stage = 'tts' group by all"[/]
    """
    import duckdb

    text = sys.stdin.read() if query == "-" else query
    con = connect(log_folders(data), mirror=mirror)
    try:
        relation = con.sql(text)
        if relation is not None:
            write(relation, form)
    except duckdb.Error as error:
        lines = [line for line in str(error).splitlines() if line.strip()]
        raise QueryError(
            lines[0],
            hint=next(
                (line.strip() for line in lines[1:] if "Did you mean" in line),
                "'bakame-duck sql \"show tables\"' lists the views.",
            ),
        ) from error


def run_metric(
    name: Annotated[
        str | None, typer.Argument(metavar="METRIC", help="Its name; without it, all metrics are listed.")
    ] = None,
    as_of: Annotated[
        str | None, typer.Option(metavar="now|latest|ISO", help="The instant that the metric looks back from.")
    ] = None,
    assignments: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="A parameter; can be given more than once.")
    ] = None,
    data: Data = None,
    mirror: Mirror = None,
    form: RowFormat = Format.TABLE,
) -> None:
    """
    Run a metric by name, or list the metrics.

    [dim]bakame-duck metric error_rate_analysis --as-of latest[/]
    [dim]bakame-duck metric latency_percentiles --set since=2026-01-12 --set until=2026-01-19[/]
    """
    import polars as pl

    from bakame_duck.catalog import metrics

    if name is None:
        rows = [(m.name, m.meaning, ", ".join(m.parameters)) for m in metrics.list_metrics()]
        write(pl.DataFrame(rows, schema=["metric", "meaning", "parameters"], orient="row"), form)
        return
    arguments: dict[str, object] = dict(_assignment(text) for text in assignments or [])
    con = connect(log_folders(data), mirror=mirror)
    if as_of:
        arguments["as_of"] = _instant(con, as_of)
    relation = metrics.metric(con, name, **arguments)
    takes_as_of = any(known.name == name and "as_of" in known.parameters for known in metrics.list_metrics(con))
    if takes_as_of and "as_of" not in arguments:
        stderr.print("[dim]As of now; --as-of latest looks back from the last record instead.[/]")
    write(relation, form)


def _assignment(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise UnknownParameterError(f"--set {text} contains no value", hint="Write --set name=value.")
    return name.strip().replace("-", "_"), value.strip()


def _instant(con: duckdb.DuckDBPyConnection, text: str) -> object:
    """Return the value of ``--as-of``: None for now, the instant of the last record for latest, else the text."""
    match text:
        case "now":
            return None
        case "latest":
            return con.sql("select max(timestamp) from user_sessions").fetchall()[0][0]
        case _:
            return text


def show_schema(form: RowFormat = Format.TABLE) -> None:
    """
    List the 31 columns: type, unit, meaning, the specification's example.

    [dim]bakame-duck schema --format markdown[/]
    """
    import polars as pl

    rows = [(column.name, column.type, column.unit, column.meaning, column.example) for column in schema.COLUMNS]
    write(pl.DataFrame(rows, schema=["column", "type", "unit", "meaning", "example"], orient="row"), form)
