"""
Ask DuckDB many questions ahead, so that it answers while Python imports and draws.

A connection answers one question at a time, in the order in which they were asked. Until every
answer was taken, nobody else may use it.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

import polars as pl
from duckdb import DuckDBPyConnection

from bakame_duck.catalog.metrics import metric

_Result = TypeVar("_Result")


@dataclass(frozen=True)
class Answer:
    """
    The rows that a question will have been answered with.

    Whoever looks at them waits until they are there; a question that failed raises its error then.
    """

    _coming: Future[pl.DataFrame]

    @property
    def frame(self) -> pl.DataFrame:
        """The rows."""
        return self._coming.result()

    @cached_property
    def rows(self) -> list[dict[str, Any]]:
        """The rows, each by the names of its columns."""
        return self.frame.to_dicts()

    @property
    def row(self) -> dict[str, Any]:
        """The only row, by the names of its columns."""
        (row,) = self.rows
        return row


class Questions:
    """
    Questions to one connection.

    Args:
        con: A connection made by :func:`bakame_duck.connect`.
    """

    def __init__(self, con: DuckDBPyConnection) -> None:
        self._con = con
        self._thread = ThreadPoolExecutor(1)
        self._failure: BaseException | None = None

    def metric(self, name: str, **arguments: object) -> Answer:
        """Ask for the rows of a metric; see :func:`bakame_duck.metric`."""
        return Answer(self.call(lambda con: metric(con, name, **arguments).pl()))

    def sql(self, query: str) -> Answer:
        """Ask for the rows of a query."""
        return Answer(self.call(lambda con: con.sql(query).pl()))

    def call(self, function: Callable[..., _Result], **arguments: object) -> Future[_Result]:
        """Call a *function* of the connection in its turn; when it fails, so does all that is asked after it."""
        return self._thread.submit(self._answer, function, arguments)

    def _answer(self, function: Callable[..., _Result], arguments: dict[str, object]) -> _Result:
        if self._failure:
            raise self._failure
        try:
            return function(self._con, **arguments)
        except BaseException as error:
            self._failure = error
            raise
