"""
Tell what was read of the logs: the ledger as ``bakame-duck check`` writes it.

Each part is a view or metric of ``sql/``; here they are only set. The text of rejects
and bad cells stays in the views: callers' words don't belong on a monitor.
"""

from __future__ import annotations

import io
import json
from typing import IO, Any

import polars as pl
from duckdb import DuckDBPyConnection

from bakame_duck.export import as_json, to_frame, write_rows
from bakame_duck.formats import Format, LedgerFormat
from bakame_duck.formatting import count, pluralize, some_columns

_PARTS = {
    "totals": "from ingest_totals",
    "files": "from ingest_files order by first_at nulls last, file",
    "rejects": "select * exclude (raw) from ingest_rejects order by file, byte_offset",
    "cells": "select * exclude (value) from ingest_cells order by file, row, column_name",
    "gaps": "from gaps()",
    "drift": "from ingest_drift",
}
_MOST_LINES = 20


def read_ledger(con: DuckDBPyConnection) -> dict[str, pl.DataFrame]:
    """Return the ledger of a connection made by :func:`bakame_duck.connect`, part by part."""
    return {name: to_frame(con.sql(query)) for name, query in _PARTS.items()}


def write_ledger(ledger: dict[str, pl.DataFrame], form: LedgerFormat, out: IO[bytes]) -> None:
    """
    Write *ledger* to *out*.

    As JSON it is one object: ``totals`` an object, each other part an array of objects.
    """
    if form is LedgerFormat.JSON:
        parts = {name: as_json(frame) for name, frame in ledger.items()} | {"totals": as_json(ledger["totals"])[0]}
        out.write((json.dumps(parts, indent=1, ensure_ascii=False) + "\n").encode())
        return
    out.write(_totals_text(ledger["totals"].row(0, named=True)).encode())
    files = [(row, ", ".join(_remarks(row))) for row in ledger["files"].to_dicts()]
    columns = ("file", "state", "records", "rows", "rejects")
    telling = [{name: row[name] for name in columns} | {"remarks": remarks} for row, remarks in files if remarks]
    drift = ledger["drift"].drop("first_at")
    drift = drift.with_columns(pl.col("columns").map_elements(some_columns, return_dtype=pl.String))
    tables: list[tuple[str, pl.DataFrame, str]] = [
        ("Files that are not simply sound", pl.DataFrame(telling), "ingest_files"),
        ("Rejects", ledger["rejects"], "ingest_rejects"),
        ("Cells that do not fit their column", ledger["cells"], "ingest_cells"),
        ("Gaps: no record in hours that usually have some, UTC", ledger["gaps"], "gaps()"),
        ("Drift of the columns", drift, "ingest_drift"),
    ]
    folders = {row["file"].rpartition("/")[0] for row, _ in files}
    for title, rows, source in tables:
        one_folder = len(folders) == 1 and "file" in rows.columns  # which is known to who named it
        name = pl.col("file").str.split("/").list.last()
        _write_part(out, title, rows.with_columns(file=name) if one_folder else rows, source)


def _remarks(file: dict[str, Any]) -> list[str]:
    """Return what there is to say of a file that is not simply sound."""
    remarks = [file["reason"]] if file["reason"] else []
    if file["duplicate_of"]:
        remarks.append(f"the same content as {file['duplicate_of'].rpartition('/')[2]}")
    if file["pending_bytes"]:
        remarks.append(f"{pluralize(file['pending_bytes'], 'byte')} still being written")
    if file["bad_cells"]:
        remarks.append(pluralize(file["bad_cells"], "cell that does not fit", "cells that do not fit"))
    if file["undated"]:
        remarks.append(f"{pluralize(file['undated'], 'row')} without a usable timestamp")
    return remarks


def _totals_text(totals: dict[str, Any]) -> str:
    states = ", ".join(
        f"{count(totals[name])} {word}"
        for name, word in (
            ("sound", "sound"),
            ("repaired", "repaired"),
            ("duplicates", "duplicate"),
            ("unreadable", "unreadable"),
        )
    )
    pending = totals["records"] - totals["rows"] - totals["rejects"]
    lines = [
        f"{pluralize(totals['files'], 'log file')}: {states}",
        f"{pluralize(totals['records'], 'record')} = {pluralize(totals['rows'], 'row')} + "
        f"{pluralize(totals['rejects'], 'reject')} + {count(pending)} pending",
        f"{pluralize(totals['bad_cells'], 'cell that does not fit its', 'cells that do not fit their')} column, "
        f"{pluralize(totals['undated'], 'row')} without a usable timestamp",
    ]
    if totals["first_at"]:
        lines.append(f"from {totals['first_at']:%Y-%m-%d %H:%M:%S} to {totals['last_at']:%Y-%m-%d %H:%M:%S} UTC")
    return "".join(f"{line}\n" for line in lines)


def _write_part(out: IO[bytes], title: str, rows: pl.DataFrame, source: str) -> None:
    if rows.is_empty():
        return
    write_rows(rows.head(_MOST_LINES), Format.TABLE, text := io.BytesIO())
    out.write(f"\n{title}\n".encode() + text.getvalue())
    if (more := len(rows) - _MOST_LINES) > 0:
        out.write(f'… and {more:,} more: bakame-duck sql "from {source}"\n'.encode())
