"""
Run the project's metrics by name.

A metric is named after its file in ``sql/metrics``, and its parameters and their types are those of its table macro;
there is no other list of either. Nothing here draws, formats or caches rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from zoneinfo import ZoneInfo

import duckdb
from duckdb import DuckDBPyConnection, DuckDBPyRelation

from bakame_duck.catalog.template import connect_empty
from bakame_duck.errors import UnknownMetricError, UnknownParameterError, nearest
from bakame_duck.sql_files import sql_texts
from bakame_duck.timespan import to_naive_utc


@dataclass(frozen=True)
class Metric:
    """
    A metric of the project.

    Attributes:
        name: Its name, that of its file and of its table macro.

        meaning: The first sentence of its file.

        parameters: The SQL type of each parameter by name, in order; all have defaults.
    """

    name: str
    meaning: str
    parameters: Mapping[str, str]


def list_metrics(con: DuckDBPyConnection | None = None) -> list[Metric]:
    """Return every metric that *con* knows, by name; without it, every metric of the project."""
    rows = (con or connect_empty()).execute(
        """
        select function_name, comment, parameters, parameter_types
        from duckdb_functions()
        where function_type = 'table_macro' and comment is not null
        order by function_name
        """
    )
    return [
        Metric(name, comment, dict(zip(parameters, types, strict=True)))
        for name, comment, parameters, types in rows.fetchall()
    ]


def metric(con: DuckDBPyConnection, name: str, **arguments: object) -> DuckDBPyRelation:
    """
    Return the rows of the metric *name*.

    Args:
        con: A connection made by :func:`bakame_duck.connect`.

        name: The metric's name, as ``bakame-duck metric`` lists it.

        arguments: Its parameters by name: instants as datetime (without a zone: UTC), durations as
            timedelta, or any of them as text, such as ``2026-01-12T10:30``, ``7 days`` and ``10``.

    Raises:
        UnknownMetricError: No such metric; the message suggests the nearest.

        UnknownParameterError: The metric has no such parameter, or its value does not fit.
    """
    call, values = metric_call(con, name, **arguments)
    try:
        return con.sql(f"from {call}", params=values or None)
    except duckdb.Error as error:
        raise _misfit(name, arguments, error) from error


def metric_call(con: DuckDBPyConnection, name: str, **arguments: object) -> tuple[str, dict[str, object]]:
    """
    Return the call of the metric *name* as SQL that can follow ``from``, and the values to bind to it.

    Arguments and errors are those of :func:`metric`.
    """
    if name not in (names := sorted(_names())):
        raise UnknownMetricError(
            f"No metric is called {name}.{nearest(name, names)}", hint="'bakame-duck metric' lists them all."
        )
    types = _parameters(con, name) if arguments else {}
    for argument in arguments:
        if argument not in types:
            raise UnknownParameterError(
                f"The metric {name} has no parameter {argument}.{nearest(argument, types)}",
                hint=f"Its parameters are {', '.join(types)}.",
            )
    casts = {argument: f"cast(${argument} as {types[argument]})" for argument in arguments}
    try:
        values = {argument: _fitting(argument, types[argument], value) for argument, value in arguments.items()}
        if casts:  # DuckDB 2.0 reports a value that does not fit only when rows are fetched
            con.cursor().execute(f"select {', '.join(casts.values())}", values).fetchall()
    except (duckdb.Error, ValueError, OverflowError, LookupError, OSError) as error:
        raise _misfit(name, arguments, error) from error
    return f"{name}({', '.join(f'{argument} := {cast}' for argument, cast in casts.items())})", values


@cache
def _names() -> frozenset[str]:
    return frozenset(sql_texts("metrics"))


_KNOWN_PARAMETERS: dict[str, Mapping[str, str]] = {}


def _parameters(con: DuckDBPyConnection, name: str) -> Mapping[str, str]:
    """Return the parameters of a metric; listing them takes long, and every connection has the same."""
    if name not in _KNOWN_PARAMETERS:
        _KNOWN_PARAMETERS.update({known.name: known.parameters for known in list_metrics(con.cursor())})
    return _KNOWN_PARAMETERS[name]


def _fitting(parameter: str, kind: str, value: object) -> object:
    """Return a value as its parameter wants it: an instant as naive UTC, as views contain it."""
    if parameter == "timezone":
        ZoneInfo(str(value))
    if kind == "TIMESTAMP" and isinstance(value, str):
        value = datetime.fromisoformat(value)  # a cast would drop the offset
    if kind == "INTEGER":
        return int(str(value))
    return to_naive_utc(value) if isinstance(value, datetime) else value


def _misfit(name: str, arguments: Mapping[str, object], error: Exception) -> UnknownParameterError:
    given = ", ".join(f"{argument}={value}" for argument, value in arguments.items())
    return UnknownParameterError(
        f"The metric {name} cannot use {given}: {str(error).splitlines()[0]}",
        hint="Instants are written 2026-01-12 or 2026-01-12T10:30:00, durations '7 days'.",
    )
