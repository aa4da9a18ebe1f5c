"""
Fill the tables in schema ``internal`` that views need beside the records.

They contain the ledger of the inspected files, the targets of the objectives, and the lines of the health checks and
voice auditions beside the logs. Views show them; nothing here computes.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path

import polars as pl
from duckdb import DuckDBPyConnection

from bakame_duck.ingest.csv_reader import literal
from bakame_duck.ingest.files import find_auditions, find_health_checks
from bakame_duck.ingest.inspection import READ_STATES, Inspection
from bakame_duck.settings import Objectives

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


def create_tables() -> list[str]:
    """Return the SQL that creates the tables."""
    return [
        f"create table internal.{name} ({', '.join(f'{column} {kind}' for column, kind in columns.items())})"
        for name, columns in _TABLES.items()
    ]


def insert_objectives(con: DuckDBPyConnection, objectives: Objectives) -> None:
    """Insert the target of each objective."""
    con.execute(insert("objective_targets", objectives.model_dump().items()))


def insert_other_files(con: DuckDBPyConnection, folders: Path | str | Sequence[Path | str]) -> None:
    """Insert the health checks and voice auditions in *folders*."""
    auditions = find_auditions(folders)
    rows: dict[str, list[tuple[object, ...]]] = {
        "health_check_lines": [(line, str(path)) for path in find_health_checks(folders) for line in _lines(path)],
        "audition_files": [(_name(path), path.stat().st_size) for path in auditions],
        "audition_cells": [row for path in auditions for row in _audition_cells(path)],
    }
    _fill(con.cursor(), rows)


def insert_ledger(con: DuckDBPyConnection, inspections: Sequence[Inspection]) -> None:
    """Insert what inspection found."""
    _fill(con.cursor(), _ledger(inspections))


def insert(table: str, rows: Iterable[tuple[object, ...]]) -> str:
    """Return the SQL that puts a few *rows* into *table*."""
    return f"insert into internal.{table} values " + ", ".join(
        f"({', '.join(literal(str(c)) for c in row)})" for row in rows
    )


def _fill(own: DuckDBPyConnection, rows: Mapping[str, Sequence[tuple[object, ...]]]) -> None:
    """Put *rows* into the tables that they are named after. The connection it is given is closed."""
    with own:
        for table, its in rows.items():
            if its:
                types = zip(_TABLES[table].items(), zip(*its, strict=True), strict=True)
                frame = pl.DataFrame(  # noqa: F841 - DuckDB finds it by its name
                    [pl.Series(name, cells, _DTYPES[kind]) for (name, kind), cells in types]
                )
                own.execute(f"insert into internal.{table} from frame")


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
            if file.state in READ_STATES
            for reject in file.rejects
        ],
        "undecodable_cells": [
            (str(file.file), cell.row, file.columns[cell.column], cell.raw)
            for file in inspections
            if file.state in READ_STATES
            for cell in file.undecodable
        ],
    }


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
