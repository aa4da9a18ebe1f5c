"""
Keep the rows of a query together with its SQL.

Charts, tables and sentences take results. What they return carries the SQL of the results
that it was made from, and the page shows that SQL below each figure. Nothing here queries.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property, wraps
from typing import Any, Literal, ParamSpec, TypeVar, cast

import polars as pl

from bakame_duck.reports.blocks import Block, Text
from bakame_duck.reports.charts.figure import Figure

_Parameters = ParamSpec("_Parameters")
_Made = TypeVar("_Made")


@dataclass(frozen=True)
class Result:
    """
    The rows of a query, and the SQL that gives them.

    Attributes:
        frame: The rows as a Polars frame.

        sql: The statement, with the values of its parameters.
    """

    frame: pl.DataFrame
    sql: str

    @cached_property
    def rows(self) -> list[dict[str, Any]]:
        """The rows as dictionaries."""
        return self.frame.to_dicts()

    @property
    def row(self) -> dict[str, Any]:
        """The only row as a dictionary."""
        (row,) = self.rows
        return row

    def apply(self, function: Callable[..., pl.DataFrame], *others: object, **options: object) -> Result:
        """
        Return what *function* makes of the frame, with the same SQL.

        Args:
            function: Takes a frame first, and returns one.

            others: Its other arguments; a result stands for its frame.

            options: Its options by name.
        """
        frames = [other.frame if isinstance(other, Result) else other for other in others]
        return Result(function(self.frame, *frames, **options), self.sql)

    def _repr_html_(self) -> str:
        return self.frame._repr_html_()


def takes(
    form: Literal["frame", "rows", "row"],
) -> Callable[[Callable[_Parameters, _Made]], Callable[_Parameters, _Made]]:
    """
    Let a function of rows take results too, and give what it returns their SQL.

    Args:
        form: The attribute of a result that the function takes in its place.
    """

    def decorate(function: Callable[_Parameters, _Made]) -> Callable[_Parameters, _Made]:
        @wraps(function)
        def call(*arguments: _Parameters.args, **options: _Parameters.kwargs) -> _Made:
            given = [*arguments, *options.values()]
            sql = tuple(dict.fromkeys(one.sql for one in given if isinstance(one, Result)))
            made = function(
                *(_in_form(one, form) for one in arguments),
                **{name: _in_form(one, form) for name, one in options.items()},
            )
            return cast(_Made, _with_sql(made, sql))

        return call

    return decorate


def _in_form(value: Any, form: str) -> Any:
    return getattr(value, form) if isinstance(value, Result) else value


def _with_sql(made: object, sql: tuple[str, ...]) -> object:
    match made:
        case Block() | Figure():
            return replace(made, sql=sql)
        case str():
            return Text(made, sql)
        case tuple():
            return tuple(_with_sql(part, sql) for part in made)
        case _:
            return made
