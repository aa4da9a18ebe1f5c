"""
Write rows out: as a table on the terminal, CSV, JSON, Markdown or Parquet.

Numbers stay numbers; instants are ISO 8601 in UTC.
"""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import chain, count
from typing import IO, TYPE_CHECKING, Any

import polars as pl
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bakame_duck.formats import Format
from bakame_duck.palette import NUMBERS
from bakame_duck.sanitize import sanitize_row
from bakame_duck.timespan import to_naive_utc

if TYPE_CHECKING:
    from duckdb import DuckDBPyRelation

_DECIMALS, _DIGITS = 6, 11  # of a report's numbers: at most, and in all


_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # how a formula in a spreadsheet can start


def to_frame(relation: DuckDBPyRelation) -> pl.DataFrame:
    """Return the rows of any query as a Polars frame, with unique column names and intervals as text."""
    columns: dict[str, str] = {}
    for position, (name, kind) in enumerate(zip(relation.columns, relation.types, strict=True), start=1):
        names = chain([name], (f"{name}_{number}" for number in count(1)))
        free = next(candidate for candidate in names if candidate not in columns)
        columns[free] = f"cast(#{position} as varchar)" if "INTERVAL" in str(kind) else f"#{position}"
    projection = ", ".join('{} as "{}"'.format(cell, name.replace('"', '""')) for name, cell in columns.items())
    frame: pl.DataFrame = relation.project(projection).pl()
    return frame


def write_rows(frame: pl.DataFrame, form: Format, out: IO[bytes]) -> None:
    """Write the rows of *frame* to *out* in the format *form*."""
    match form:
        case Format.PARQUET:
            frame.write_parquet(buffer := io.BytesIO())
            out.write(buffer.getvalue())
        case Format.CSV:
            nested = frame.select(pl.selectors.nested())
            flat = frame.with_columns(
                pl.Series(column.name, [_nested(value) for value in column.to_list()], dtype=pl.String)
                for column in nested
            )
            out.write(flat.write_csv(datetime_format="%Y-%m-%dT%H:%M:%S%.fZ").encode())
        case Format.JSON:
            rows = ",\n ".join(json.dumps(row, ensure_ascii=False) for row in as_json(frame))
            out.write(f"[{rows}]\n".encode())
        case Format.MARKDOWN:
            out.write(_markdown(frame).encode())
        case Format.TABLE:
            out.write(_terminal_table(frame).encode())


def spreadsheet_csv(rows: Sequence[Mapping[str, Any]]) -> str:
    """
    Return *rows* as CSV that is safe to open in a spreadsheet.

    Text that a spreadsheet would evaluate (``=1+1``) gets a leading apostrophe, as OWASP's page on CSV
    injection recommends; numbers stay numbers.
    """
    content = io.StringIO()
    writer = csv.DictWriter(content, rows[0].keys())
    writer.writeheader()
    writer.writerows({name: _spreadsheet_cell(value) for name, value in row.items()} for row in rows)
    return content.getvalue()


def _spreadsheet_cell(value: Any) -> Any:
    plain = _plain(value)
    text = json.dumps(plain, ensure_ascii=False) if isinstance(plain, dict | list) else plain
    return f"'{text}" if isinstance(text, str) and text.startswith(_FORMULA) else text


def as_json(frame: pl.DataFrame, *, rounded: bool = False) -> list[dict[str, Any]]:
    """
    Return the rows of *frame* as JSON values.

    Args:
        frame: The rows.

        rounded: Whether to drop the digits of floats that can differ between two runs over the same rows.
    """
    return [{name: _plain(value, rounded) for name, value in row.items()} for row in frame.to_dicts()]


@dataclass(frozen=True, repr=False)
class Numbers:
    """The numbers of a report, as the JSON that a notebook stores."""

    sections: dict[str, list[dict[str, Any]]]

    def __repr__(self) -> str:
        return f"Numbers: {', '.join(f'{len(rows)} of {name}' for name, rows in self.sections.items())}"

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        return {NUMBERS: json.dumps(self.sections, ensure_ascii=False, allow_nan=False)}


def numbers(**frames: pl.DataFrame) -> Numbers:
    """
    Collect the numbers of a report for its JSON document.

    Text from the logs is sanitized, and log files are named without their folder.

    Args:
        frames: The rows that the report shows, by section.
    """
    return Numbers(
        {name: [sanitize_row(row) for row in as_json(frame, rounded=True)] for name, frame in frames.items()}
    )


def _round(value: float) -> float:
    """
    Return *value* without the digits that can differ between runs.

    Sums of floats differ in their last digits, because threads divide the rows differently.
    """
    before = math.floor(math.log10(abs(value))) + 1 if value else 0
    return round(value, min(_DECIMALS, _DIGITS - before))


def _plain(value: Any, rounded: bool = False) -> Any:
    match value:
        case float() if not math.isfinite(value):
            return None
        case float() if rounded:
            return _round(value)
        case datetime():
            return to_naive_utc(value).isoformat() + "Z"
        case date():
            return value.isoformat()
        case timedelta():
            return value.total_seconds()
        case Decimal():
            return float(value)
        case bytes():
            return value.hex()
        case dict():
            return {key: _plain(item, rounded) for key, item in value.items()}
        case list():
            return [_plain(item, rounded) for item in value]
        case None | bool() | int() | float() | str():
            return value
        case _:
            return str(value)


def _nested(value: Any) -> str | None:
    """Return a list or a structure as one cell of CSV."""
    return None if value is None else json.dumps(_plain(value), ensure_ascii=False)


def _shown(value: Any) -> str:
    match value:
        case None:
            return ""
        case float():
            return f"{value:,.2f}" if abs(value) < 1e15 else f"{value:g}"
        case datetime():
            return f"{value:%Y-%m-%d %H:%M:%S}"
        case list():
            return ", ".join(map(str, value))
        case _:
            return str(value)


def _terminal_table(frame: pl.DataFrame) -> str:
    console = Console(file=io.StringIO(), width=None if Console().is_terminal else 1_000_000)
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name, dtype in frame.schema.items():
        table.add_column(_shown_safely(name), justify="right" if dtype.is_numeric() else "left", overflow="fold")
    for row in frame.iter_rows():
        table.add_row(*(_shown_safely(value) for value in row))
    with console.capture() as captured:
        console.print(table)
    return "\n".join(line.rstrip() for line in captured.get().splitlines()) + "\n"


def _shown_safely(value: Any) -> Text:
    """Return *value* as text without control characters or rich's own markup."""
    return Text("".join(c if c.isprintable() else " " if c in "\n\t" else "�" for c in _shown(value)))


def _markdown(frame: pl.DataFrame) -> str:
    def line(cells: list[str]) -> str:
        return "| " + " | ".join(cell.replace("|", r"\|") for cell in cells) + " |\n"

    rule = ["---:" if dtype.is_numeric() else "---" for dtype in frame.schema.values()]
    rows = [line([_shown_safely(value).plain for value in row]) for row in frame.iter_rows()]
    return line([_shown_safely(name).plain for name in frame.columns]) + "|" + "|".join(rule) + "|\n" + "".join(rows)
