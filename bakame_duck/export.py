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
from datetime import UTC, date, datetime, timedelta
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

if TYPE_CHECKING:
    from duckdb import DuckDBPyRelation

_DECIMALS, _DIGITS = 6, 11  # of a report's numbers: at most, and in all


_COMPUTED = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # what makes a spreadsheet compute a text


def to_frame(relation: DuckDBPyRelation) -> pl.DataFrame:
    """Return the rows of any query as Polars can hold them: a name for each column, intervals as text."""
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

    A text that a spreadsheet would compute (``=1+1``) gets an apostrophe before it, as OWASP's
    page on CSV injection advises; numbers stay numbers.
    """
    content = io.StringIO()
    writer = csv.DictWriter(content, rows[0].keys())
    writer.writeheader()
    writer.writerows({name: _spreadsheet_cell(value) for name, value in row.items()} for row in rows)
    return content.getvalue()


def _spreadsheet_cell(value: Any) -> Any:
    plain = _plain(value)
    text = json.dumps(plain, ensure_ascii=False) if isinstance(plain, dict | list) else plain
    return f"'{text}" if isinstance(text, str) and text.startswith(_COMPUTED) else text


def as_json(frame: pl.DataFrame, *, rounded: bool = False) -> list[dict[str, Any]]:
    """
    Return the rows of *frame* as JSON can hold them.

    Args:
        frame: The rows.

        rounded: Whether floats lose the digits in which two runs over the same rows can differ.
    """
    return [{name: _plain(value, rounded) for name, value in row.items()} for row in frame.to_dicts()]


@dataclass(frozen=True, repr=False)
class Numbers:
    """The numbers of a report, which a notebook holds as JSON."""

    sections: dict[str, list[dict[str, Any]]]

    def __repr__(self) -> str:
        return f"Numbers: {', '.join(f'{len(rows)} of {name}' for name, rows in self.sections.items())}"

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        return {NUMBERS: json.dumps(self.sections, ensure_ascii=False, allow_nan=False)}


def numbers(**frames: pl.DataFrame) -> Numbers:
    """
    Gather the numbers of a report; ``reports`` writes them beside the page.

    What a log says stands there as ``texts`` shows it, log files without the folder that they lie in.

    Args:
        frames: The rows that the report shows, by the name of their section.
    """
    return Numbers(
        {name: [sanitize_row(row) for row in as_json(frame, rounded=True)] for name, frame in frames.items()}
    )


def _round(value: float) -> float:
    """
    Return *value* with the digits that are the same in every run.

    Sums of floats differ in their last digits from run to run, as threads share the rows out.
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
            return (value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value).isoformat() + "Z"
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
    """Return a list or a structure as one cell of CSV can hold it."""
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
    """Return *value* as text without what a terminal would obey: control characters, or rich's own markup."""
    sanitize = _shown(value)
    return Text("".join(c if c.isprintable() else " " if c in "\n\t" else "�" for c in sanitize))


def _markdown(frame: pl.DataFrame) -> str:
    def line(cells: list[str]) -> str:
        return "| " + " | ".join(cell.replace("|", r"\|") for cell in cells) + " |\n"

    rule = ["---:" if dtype.is_numeric() else "---" for dtype in frame.schema.values()]
    rows = [line([_shown_safely(value).plain for value in row]) for row in frame.iter_rows()]
    return line([_shown_safely(name).plain for name in frame.columns]) + "|" + "|".join(rule) + "|\n" + "".join(rows)
