"""
Query the logs for a report: by a metric's name, or by any SQL.

Each result contains the statement that gives its rows, ready to be run again.
"""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta

from duckdb import DuckDBPyConnection

from bakame_duck.catalog.metrics import metric_call
from bakame_duck.reports.results import Result

_PARAMETER = re.compile(r"\$(\w+)")
_CAST = re.compile(r"cast\(\$(\w+) as (\w+)\)")


def metric_result(con: DuckDBPyConnection, name: str, **arguments: object) -> Result:
    """
    Return the rows of the metric *name* with its SQL.

    Arguments and errors are those of :func:`bakame_duck.metric`.
    """
    call, values = metric_call(con, name, **arguments)
    return query_result(con, _CAST.sub(lambda found: _argument(values[found[1]], found[2]), f"from {call}"))


def query_result(con: DuckDBPyConnection, sql: str, **parameters: object) -> Result:
    """
    Return the rows of any query with its SQL.

    Args:
        con: A connection made by :func:`bakame_duck.connect`.

        sql: The query. ``$name`` stands for a parameter.

        parameters: Values by name.
    """
    statement = _PARAMETER.sub(lambda found: _literal(parameters[found[1]]), sql)
    return Result(con.sql(statement).pl(), statement)


def _argument(value: object, kind: str) -> str:
    """Return a metric's argument as SQL of the type *kind*."""
    literal = _literal(value)
    return f"cast({literal} as {kind})" if isinstance(value, str) and kind != "VARCHAR" else literal


def _literal(value: object) -> str:
    """Return a parameter's *value* as SQL."""
    match value:
        case None:
            return "null"
        case bool() | int() | float():
            return str(value).lower()
        case datetime():
            return f"timestamp '{value}'"
        case date():
            return f"date '{value}'"
        case timedelta():
            return f"interval '{value.total_seconds():.0f} seconds'"
        case _:
            return "'{}'".format(str(value).replace("'", "''"))
