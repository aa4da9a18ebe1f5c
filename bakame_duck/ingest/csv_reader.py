"""
Let DuckDB read log text: the connection that can, and the SELECT over files.

Every cell is read as text and cast afterwards, so that a cell that does not fit costs
that cell and not its record. Files without a header, with an old one or with several
are read alike.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime

import duckdb
from duckdb import DuckDBPyConnection

from bakame_duck import schema
from bakame_duck.sql_files import sql_texts

_LARGEST_RECORD = 2_097_152  # DuckDB's own default, in bytes


@dataclass(frozen=True)
class Piece:
    r"""
    A stretch of a log that DuckDB reads: the log itself, a repaired copy, a part of the live file.

    Attributes:
        path: The file to read; None for the end of the live file, whose rows stand in ``log_tails``.

        rows: How many records it holds.

        new_line: What ends a record, in DuckDB's spelling: ``\r\n`` or ``\n``.

        largest_record: In bytes.

        first_at: Its earliest instant, UTC.

        last_at: Its latest instant, UTC.

        undated: Rows without a usable instant.

        bad_cells: Cells that do not fit the type of their column.
    """

    path: str | None
    rows: int
    new_line: str
    largest_record: int
    first_at: datetime | None = None
    last_at: datetime | None = None
    undated: int = 0
    bad_cells: int = 0


def open_connection() -> DuckDBPyConnection:
    """Return a connection in UTC that knows ``sql/functions``."""
    con = open_duckdb()
    for text in sql_texts("functions").values():
        con.execute(text)
    return con


def open_duckdb() -> DuckDBPyConnection:
    """Return a connection in UTC that knows nothing yet."""
    con = duckdb.connect()
    con.execute("set TimeZone = 'UTC'")
    con.execute("create schema internal")
    con.execute("set parquet_metadata_cache = true")  # a query looks at the ends of every mirror, which do not change
    with suppress(duckdb.Error):  # a notebook's bar, which cannot be set without ipywidgets, is not drawn on stdout
        con.execute("set enable_progress_bar = false")  # it would draw among the rows
    return con


def cells(pieces: Sequence[Piece], columns: Sequence[str]) -> str:
    r"""
    Return the SELECT of every record of *pieces* as text cells, with the ``file_index`` of its piece.

    All pieces have the same *columns* by position, and the same line break.

    ``strict_mode`` stays unnamed on purpose: it is the default, and DuckDB 1.5 and 2.0
    read no row at all when it is named together with ``new_line='\r\n'``. The cells are named by
    position, so that no name in a header can clash with another or with DuckDB's own.
    """
    types = ", ".join(f"cell_{position}: 'VARCHAR'" for position in range(len(columns)))
    known = ", ".join(
        f"cell_{columns.index(name)} as {name}" if name in columns else f"null::varchar as {name}"
        for name in schema.NAMES
    )
    is_header = " and ".join(
        f"cell_{position} is not distinct from {literal(name) if name else 'null'}"
        for position, name in enumerate(columns[:2])
    )
    return f"""
        select {known}, file_index
        from read_csv(
            {file_list(piece.path for piece in pieces if piece.path)},
            columns = {{{types}}},
            auto_detect = false,
            header = false,
            parallel = false,
            null_padding = true,
            delim = ',',
            quote = '"',
            escape = '"',
            new_line = {literal(pieces[0].new_line)},
            hive_partitioning = false,
            max_line_size = {max(_LARGEST_RECORD, *(2 * piece.largest_record for piece in pieces))}
        )
        where not ({is_header})
    """


def typed_columns() -> str:
    """Return the projection from text cells to the types of the schema."""
    return ", ".join(f"{column.typed} as {column.name}" for column in schema.COLUMNS)


def described(con: DuckDBPyConnection, pieces: Sequence[Piece], columns: Sequence[str]) -> list[Piece]:
    """
    Return *pieces* with what DuckDB finds in them: its own count of rows, with every column read, and the rest.

    Raises:
        duckdb.Error: DuckDB refuses one of them.
    """
    instant, *others = (column for column in schema.COLUMNS if column.type != "VARCHAR")
    misfits = " + ".join(f"count({column.name}) - count({column.typed})" for column in others)
    told = "instant between timestamp '0001-01-01' and timestamp '9999-12-31'"  # years that Python can tell
    every_column = ", ".join(f"count({name})" for name in schema.NAMES)
    found = con.execute(
        f"""
        select
            cast(file_index as bigint),
            count(*),
            min(instant) filter (where {told}),
            max(instant) filter (where {told}),
            count(*) - count(instant),
            count({instant.name}) - count(instant) + {misfits},
            {every_column}
        from (select *, {instant.typed} as instant from ({cells(pieces, columns)}))
        group by file_index
        """
    ).fetchall()
    facts = {index: rest for index, *rest in found}
    nothing = [0, None, None, 0, 0]
    names = ("rows", "first_at", "last_at", "undated", "bad_cells")
    return [
        replace(piece, **dict(zip(names, facts.get(index, nothing), strict=False)))
        for index, piece in enumerate(pieces)
    ]


def file_list(paths: Iterable[str]) -> str:
    """Return *paths* as a DuckDB list that matches exactly those files, wherever the process goes."""
    whole = (path if os.path.isabs(path) else os.path.abspath(path) for path in paths)  # noqa: PTH100, PTH117 - texts
    return re.sub(r"([*?\[])", r"[\1]", text_list(whole))


def text_list(texts: Iterable[str]) -> str:
    """
    Return *texts*, which are paths, as a DuckDB list.

    One text that is taken apart: a list of thousands is bound ten times as fast so. No path has three slashes.
    """
    return f"string_split({literal('///'.join(texts))}, '///')"


def literal(text: str) -> str:
    """Return *text* as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"
