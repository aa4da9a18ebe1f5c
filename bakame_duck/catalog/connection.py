"""
Make a DuckDB connection that knows the logs: files and ``sql/`` in, connection out.

Python generates four relations: ``log_cells``, every record as text; ``log_records``, the
same cast by the schema, from the mirror where there is one; ``plain_records``, those of them
whose log has none; and ``suspect_cells``, the records of those files that hold a cell that
does not fit. Everything above them is one file of ``sql/`` each. Nothing here computes.

DuckDB binds a view or a macro when it is created, which for all of them takes longer than
looking at thousands of known files. So they are bound once, into a template in the user's
cache, and copied from there.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from itertools import accumulate
from pathlib import Path

import duckdb
import polars as pl
from duckdb import DuckDBPyConnection

from bakame_duck import schema, sql_files
from bakame_duck.cache import Cache
from bakame_duck.errors import CacheError
from bakame_duck.ingest import csv_reader
from bakame_duck.ingest.csv_reader import Piece, literal
from bakame_duck.ingest.files import find_auditions, find_health_checks, find_logs
from bakame_duck.ingest.inspection import Inspection, inspect, load_cached
from bakame_duck.ingest.mirror import can_hold, mirrored_records, mirrors, utc
from bakame_duck.ingest.scanner import Progress
from bakame_duck.settings import Settings, load_settings

_SERVED = {"sound", "repaired"}
_TEMPLATE = "catalogue-{}.duckdb"
_MONTH = 30 * 86_400  # in seconds


def connect(
    data: Path | str | Sequence[Path | str] | None = None,
    *,
    settings: Settings | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    mirror: bool | None = None,
    progress: Progress | None = None,
) -> DuckDBPyConnection:
    """
    Return a DuckDB connection with every view and metric over the logs in *data*.

    Args:
        data: The folder of the logs, or several; by default the one of the settings.

        settings: The objectives; by default those of the working folder.

        since: Open only files that can hold records from this instant on; without a zone it is UTC.
            What is opened is read whole: metrics and your own SQL still say which time they mean.

        until: Open only files that can hold records before this instant.

        mirror: Whether rotated logs are read from their mirror where ``bakame-duck refresh``, a report
            or the lab made one; by default as the settings say. The ledger and ``log_cells`` tell
            of the logs in either case.

        progress: Called with the number of bytes inspected and of all that have to be.

    Raises:
        DataFolderError: A folder is missing, or holds no log.

        CacheError: The repaired copy of a damaged log cannot be written.
    """
    settings = settings or load_settings()
    given = settings.data if data is None else data
    with ThreadPoolExecutor(1) as pool:  # what DuckDB does goes on beside what Python does
        opened = pool.submit(_without_logs, settings, given)
        recalled = load_cached(find_logs(given))
        con = opened.result()
        inspections = inspect(con, recalled, progress=progress)
        filled = pool.submit(_fill, con.cursor(), _ledger(inspections))
        pieces = list(_opened(inspections, since and utc(since), until and utc(until)))
        mirrored = mirrors(placed.file for placed in pieces) if (settings.mirror if mirror is None else mirror) else {}
        con.execute(f"create or replace view log_cells as {_cells(pieces)}")
        filled.result()
    con.execute(
        f"create or replace view suspect_cells as {_cells([placed for placed in pieces if placed.piece.bad_cells])}"
    )
    if mirrored:
        places = [
            (str(placed.file.file), mirrored[placed.file.content_hash])
            for placed in pieces
            if placed.file.content_hash in mirrored
        ]
        plain = _cells([placed for placed in pieces if placed.file.content_hash not in mirrored])
        con.execute(f"create or replace view plain_records as {_typed(f'({plain})')}")
        con.execute(f"create or replace view log_records as {mirrored_records(places)} union all from plain_records")
        _fill(con.cursor(), {"mirrored_files": places})
    return con


def connect_empty() -> DuckDBPyConnection:
    """Return a connection with every view and metric, and no record in any of them."""
    return _without_logs(Settings.model_construct(), [])


def meaning(text: str) -> str:
    """Return the first sentence of the header comment of an SQL file."""
    header = " ".join(line.removeprefix("--").strip() for line in text.splitlines() if line.startswith("--"))
    return header.split(". ")[0].rstrip(".") + "."


def _without_logs(settings: Settings, folders: Path | str | Sequence[Path | str]) -> DuckDBPyConnection:
    """Return a connection that knows the targets, and the health checks and voice auditions in *folders*."""
    con = _from_template()
    con.execute(_insert("objective_targets", settings.objectives.model_dump().items()))
    auditions = find_auditions(folders)
    rows: dict[str, list[tuple[object, ...]]] = {
        "health_check_lines": [(line, str(path)) for path in find_health_checks(folders) for line in _lines(path)],
        "audition_files": [(_name(path), path.stat().st_size) for path in auditions],
        "audition_cells": [row for path in auditions for row in _audition_cells(path)],
    }
    _fill(con.cursor(), rows)
    return con


def _from_template() -> DuckDBPyConnection:
    """Return a connection with every table, function, view and metric, none of them over a log."""
    script, cache = _script(), Cache()
    name = _TEMPLATE.format(hashlib.sha256((duckdb.__version__ + script).encode()).hexdigest()[:16])
    with suppress(duckdb.Error):  # there is none yet, or not a whole one
        con = csv_reader.open_duckdb()
        con.execute(f"attach {literal(str(cache.folder / name))} as template (read_only)")
        con.execute("copy from database template to memory; detach template")
        return con
    con = csv_reader.open_duckdb()
    con.execute(script)
    with suppress(CacheError, duckdb.Error), cache.new_file(name) as path:  # without it, this is done at every connect
        path.unlink()
        con.execute(f"attach {literal(str(path))} as template (block_size 16384)")
        con.execute("copy from database memory to template; detach template")
        cache.clear([name], pattern=_TEMPLATE.format("*"), age=_MONTH)
    return con


def _script() -> str:
    """Return the SQL that creates every table, function, view and metric; the logs are still to be named."""
    tables = [
        f"create table {name} ({', '.join(f'{column} {kind}' for column, kind in columns.items())})"
        for name, columns in _TABLES.items()
    ]
    columns = [
        (position, column.name, column.type, column.unit, column.meaning, column.example)
        for position, column in enumerate(schema.COLUMNS, start=1)
    ]
    return ";\n".join(
        [
            *tables,
            _insert("log_columns", columns),
            *sql_files.sql_texts("functions").values(),
            *(f"create view {name} as {_cells([])}" for name in ("log_cells", "suspect_cells")),
            f"create view plain_records as {_typed('log_cells')}",
            "create view log_records as from plain_records",
            *_commented("views", "view"),
            *_commented("metrics", "macro table"),
        ]
    )


def _commented(folder: str, kind: str) -> Iterator[str]:
    for name, text in sql_files.sql_texts(folder).items():
        yield f"{text};\ncomment on {kind} {name} is {literal(meaning(text))}"


def _insert(table: str, rows: Iterable[tuple[object, ...]]) -> str:
    """Return the SQL that puts a few *rows* into *table*."""
    return f"insert into {table} values " + ", ".join(f"({', '.join(literal(str(c)) for c in row)})" for row in rows)


def _fill(own: DuckDBPyConnection, rows: Mapping[str, Sequence[tuple[object, ...]]]) -> None:
    """Put *rows* into the tables that they are named after. The connection it is given is closed."""
    with own:
        for table, its in rows.items():
            if its:
                types = zip(_TABLES[table].items(), zip(*its, strict=True), strict=True)
                frame = pl.DataFrame(  # noqa: F841 - DuckDB finds it by its name
                    [pl.Series(name, cells, _DTYPES[kind]) for (name, kind), cells in types]
                )
                own.execute(f"insert into {table} from frame")


def _ledger(inspections: Sequence[Inspection]) -> dict[str, list[tuple[object, ...]]]:
    """Return the rows of the tables of the ledger."""
    as_json = cache(json.dumps)  # few layouts in thousands of files; and a text costs a tenth of what a list does
    return {
        "inspected_files": [
            (
                _name(file.file),
                file.state,
                file.reason,
                file.live,
                as_json(file.layouts),
                file.size,
                file.records,
                file.rows,
                len(file.rejects),
                file.pending_bytes,
                file.bad_cells,
                file.undated,
                file.first_at,
                file.last_at,
                file.duplicate_of or None,
                as_json(file.headers),
                as_json(file.columns[: max(file.layouts, default=0)]),
                as_json(file.unknown_columns),
                file.content_hash or None,
            )
            for file in inspections
        ],
        "inspected_rejects": [
            (str(file.file), reject.line, reject.byte_offset, reject.size, reject.reason, reject.raw)
            for file in inspections
            if file.state in _SERVED
            for reject in file.rejects
        ],
        "undecodable_cells": [
            (str(file.file), cell.row, file.columns[cell.column], cell.raw)
            for file in inspections
            if file.state in _SERVED
            for cell in file.undecodable
        ],
    }


@dataclass(frozen=True)
class _Placed:
    """A piece of a file, and how many of the file's records stand before it."""

    file: Inspection
    piece: Piece
    before: int


def _opened(inspections: Iterable[Inspection], since: datetime | None, until: datetime | None) -> Iterator[_Placed]:
    """Yield what has to be opened for the time from *since* to before *until*."""
    for file in inspections:
        if file.state in _SERVED:
            before = accumulate((piece.rows for piece in file.pieces), initial=0)
            for piece, rows in zip(file.pieces, before, strict=False):
                if can_hold(piece, since, until):
                    yield _Placed(file, piece, rows)


def _cells(pieces: Sequence[_Placed]) -> str:
    """Return the SELECT that gives every record of *pieces* as text cells, with its file and its number there."""
    names = ", ".join(schema.NAMES)
    groups: dict[tuple[object, ...], list[_Placed]] = {}
    for placed in pieces:
        if placed.piece.path:
            groups.setdefault((placed.file.columns, placed.piece.new_line), []).append(placed)
    selects = [_group(group) for group in groups.values()]
    if ends := ", ".join(literal(str(placed.file.file)) for placed in pieces if placed.piece.path is None):
        selects.append(f"select {names}, source_file, source_row from log_tails where source_file in ({ends})")
    if not selects:
        nothing = ", ".join(f"null::varchar as {name}" for name in schema.NAMES)
        selects.append(f"select {nothing}, null::varchar as source_file, null::bigint as source_row where false")
    return " union all ".join(selects)


def _group(pieces: Sequence[_Placed]) -> str:
    """Return the SELECT over *pieces*, which share their columns and their line break."""
    files = csv_reader.text_list(str(placed.file.file) for placed in pieces)
    preceding = accumulate((placed.piece.rows for placed in pieces), initial=0)
    before = ",".join(str(rows - placed.before) for placed, rows in zip(pieces, preceding, strict=False))
    position = "cast(file_index as bigint) + 1"
    return f"""
        select
            {", ".join(schema.NAMES)},
            {files}[{position}] as source_file,
            row_number() over () - cast(string_split('{before}', ',') as bigint[])[{position}] as source_row
        from ({csv_reader.cells([placed.piece for placed in pieces], pieces[0].file.columns)})
    """


def _typed(cells: str) -> str:
    """Return the SELECT that casts the text of *cells*, a view or a SELECT in parentheses."""
    return f"select {csv_reader.typed_columns()}, source_file, source_row from {cells}"


def _lines(path: Path) -> list[str]:
    """Return every line of *path*; what is not UTF-8 becomes U+FFFD."""
    return path.read_text(encoding="utf-8", errors="replace").split("\n")


def _audition_cells(path: Path) -> list[tuple[object, ...]]:
    """Return every row of the results of a voice audition as text; one that is no CSV or not to be read has none."""
    with suppress(pl.exceptions.PolarsError, OSError):
        rows = pl.read_csv(
            path.read_bytes(),
            infer_schema=False,
            encoding="utf8-lossy",
            truncate_ragged_lines=True,
            raise_if_empty=False,
        )
        missing = [name for name in _TABLES["audition_cells"] if name not in rows.columns]
        rows = rows.with_columns(pl.lit(None, pl.String).alias(name) for name in missing)
        return rows.with_columns(source_file=pl.lit(_name(path))).select(*_TABLES["audition_cells"]).rows()
    return []


def _name(path: Path) -> str:
    """Return *path* as text that DuckDB takes, even where a name is no UTF-8."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


_AUDITION = ("sample_id", "voice", "rate", "pitch", "style", "duration_ms", "file_size_bytes", "file_path", "file_url")
_TABLES = {  # what the views need beside the records: columns, targets, checks, auditions, and the ledger
    "log_columns": {
        "position": "bigint",
        "column_name": "varchar",
        "column_type": "varchar",
        "unit": "varchar",
        "meaning": "varchar",
        "example": "varchar",
    },
    "objective_targets": {"objective": "varchar", "target": "double"},
    "health_check_lines": {"line": "varchar", "source_file": "varchar"},
    "audition_files": {"source_file": "varchar", "size": "bigint"},
    "audition_cells": dict.fromkeys((*_AUDITION, "status", "source_file"), "varchar"),
    "inspected_files": {
        "file": "varchar",
        "state": "varchar",
        "reason": "varchar",
        "live": "boolean",
        "layouts": "varchar",
        "size": "bigint",
        "records": "bigint",
        "accepted": "bigint",
        "rejects": "bigint",
        "pending_bytes": "bigint",
        "bad_cells": "bigint",
        "undated": "bigint",
        "first_at": "timestamp",
        "last_at": "timestamp",
        "duplicate_of": "varchar",
        "headers": "varchar",
        "held_columns": "varchar",
        "unknown_columns": "varchar",
        "content_hash": "varchar",
    },
    "mirrored_files": {"file": "varchar", "mirror": "varchar"},
    "inspected_rejects": {
        "file": "varchar",
        "line": "bigint",
        "byte_offset": "bigint",
        "size": "bigint",
        "reason": "varchar",
        "raw": "varchar",
    },
    "undecodable_cells": {"file": "varchar", "row": "bigint", "column_name": "varchar", "value": "varchar"},
}
_DTYPES = {
    "varchar": pl.String(),
    "bigint": pl.Int64(),
    "double": pl.Float64(),
    "boolean": pl.Boolean(),
    "timestamp": pl.Datetime("us"),
}
