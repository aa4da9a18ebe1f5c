"""
Run the project's metrics by name.

A metric is named after its file in ``sql/metrics``; there is no other list of
names. Nothing here draws, formats or caches.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import TypeVar
from zoneinfo import ZoneInfo

import duckdb
import polars as pl
from duckdb import DuckDBPyConnection, DuckDBPyRelation

from bakame_duck.catalog.template import connect_empty
from bakame_duck.errors import UnknownMetricError, UnknownParameterError, nearest
from bakame_duck.sql_files import sql_texts

_Rows = TypeVar("_Rows")

_INSTANTS = ("since", "until", "compare_since", "compare_until", "as_of")
_DURATIONS = ("lookback", "tolerance")
_NUMBERS = ("max_rows", "max_calls", "weeks", "bins_per_decade", "min_usual_hours")


@dataclass(frozen=True)
class Metric:
    """
    A metric of the project.

    Attributes:
        name: Its name, that of its file and of its table macro.

        meaning: The first sentence of its file.

        parameters: The names of its parameters, in order; all have defaults.
    """

    name: str
    meaning: str
    parameters: tuple[str, ...]


def list_metrics(con: DuckDBPyConnection | None = None) -> list[Metric]:
    """Return every metric that *con* knows, by name; without it, every metric of the project."""
    rows = (con or connect_empty()).execute(
        """
        select function_name, comment, parameters
        from duckdb_functions()
        where function_type = 'table_macro' and comment is not null
        order by function_name
        """
    )
    return [Metric(name, comment, tuple(parameters)) for name, comment, parameters in rows.fetchall()]


def metric(con: DuckDBPyConnection, name: str, **arguments: object) -> DuckDBPyRelation:
    """
    Return the rows of the metric *name*.

    Args:
        con: A connection made by :func:`bakame_duck.connect`.

        name: The metric's name, as ``bakame-duck metric`` lists it.

        arguments: Its parameters by name: instants as datetime (without a zone: UTC), durations as
            timedelta, or both as text, such as ``2026-01-12T10:30`` and ``7 days``.

    Raises:
        UnknownMetricError: No such metric; the message suggests the nearest.

        UnknownParameterError: The metric has no such parameter, or its value does not fit.
    """
    return _asked(con, name, arguments, lambda question, values: con.sql(question, params=values))


def metric_frame(con: DuckDBPyConnection, name: str, **arguments: object) -> pl.DataFrame:
    """
    Return the rows of the metric *name* as a frame; arguments and errors are those of :func:`metric`.

    A relation is bound to the catalogue twice, which takes as long again as to answer over few logs.
    """

    def ask(question: str, values: dict[str, object] | None) -> pl.DataFrame:
        con.execute(f"create or replace temp table answered as {question}", values)
        frame: pl.DataFrame = con.table("answered").pl()
        return frame

    return _asked(con, name, arguments, ask)


def _asked(
    con: DuckDBPyConnection,
    name: str,
    arguments: Mapping[str, object],
    ask: Callable[[str, dict[str, object] | None], _Rows],
) -> _Rows:
    if name not in (known := _names()):
        raise UnknownMetricError(
            f"No metric is called {name}.{nearest(name, known)}", hint="'bakame-duck metric' lists them all."
        )
    call = ", ".join(f"{argument} := ${argument}" for argument in arguments)
    try:
        values = {argument: _fitting(con, argument, value) for argument, value in arguments.items()}
        return ask(f"from {name}({call})", values or None)
    except (duckdb.Error, ValueError, OverflowError, LookupError, OSError) as error:
        _check_parameters(con, name, arguments)
        given = ", ".join(f"{argument}={value}" for argument, value in arguments.items())
        raise UnknownParameterError(
            f"The metric {name} cannot use {given}: {str(error).splitlines()[0]}",
            hint="Instants are written 2026-01-12 or 2026-01-12T10:30:00, durations '7 days'.",
        ) from error


@cache
def _names() -> frozenset[str]:
    return frozenset(sql_texts("metrics"))


def _check_parameters(con: DuckDBPyConnection, name: str, arguments: Iterable[str]) -> None:
    """Refuse a parameter that the metric does not have; asked only when it failed, since the catalogue is slow."""
    parameters = next((known.parameters for known in list_metrics(con) if known.name == name), ())
    for argument in arguments:
        if argument not in parameters:
            raise UnknownParameterError(
                f"The metric {name} has no parameter {argument}.{nearest(argument, parameters)}",
                hint=f"It takes {', '.join(parameters)}.",
            )


def _fitting(con: DuckDBPyConnection, parameter: str, value: object) -> object:
    """Return a value as its parameter wants it: an instant as naive UTC, as the views hold it."""
    # DuckDB 2.0 notices what does not fit only when rows are fetched, and drops the offset of a text.
    if parameter == "timezone":
        ZoneInfo(str(value))
    if parameter in _INSTANTS and isinstance(value, str):
        value = datetime.fromisoformat(value)
    if parameter in _DURATIONS:
        return con.execute("select cast($1 as interval)", [value]).fetchall()[0][0]
    if parameter in _NUMBERS:
        return int(str(value))
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(UTC).replace(tzinfo=None)
    return value
