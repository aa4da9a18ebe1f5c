"""
Print the ledger of ``bakame-duck check``.

Each part is a view or a metric of ``sql/``. The text of rejects and invalid cells is not
printed, because it can contain callers' words.
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
_MAX_LINES = 20


def read_ledger(con: DuckDBPyConnection) -> dict[str, pl.DataFrame]:
    """Return the parts of the ledger, by name, of a connection made by :func:`bakame_duck.connect`."""
    return {name: to_frame(con.sql(query)) for name, query in _PARTS.items()}


def write_ledger(ledger: dict[str, pl.DataFrame], form: LedgerFormat, out: IO[bytes]) -> None:
    """
    Write *ledger* to *out*.

    JSON is one object: ``totals`` is an object, each other part an array of objects.
    """
    if form is LedgerFormat.JSON:
        parts = {name: as_json(frame) for name, frame in ledger.items()} | {"totals": as_json(ledger["totals"])[0]}
        out.write((json.dumps(parts, indent=1, ensure_ascii=False) + "\n").encode())
        return
    out.write(_totals_text(ledger["totals"].row(0, named=True)).encode())
    files = [(row, ", ".join(_remarks(row))) for row in ledger["files"].to_dicts()]
    columns = ("file", "state", "records", "rows", "rejects")
    remarkable = [{name: row[name] for name in columns} | {"remarks": remarks} for row, remarks in files if remarks]
    drift = ledger["drift"].drop("first_at")
    drift = drift.with_columns(pl.col("columns").map_elements(some_columns, return_dtype=pl.String))
    tables: list[tuple[str, pl.DataFrame, str]] = [
        ("Files with remarks", pl.DataFrame(remarkable), "ingest_files"),
        ("Rejects", ledger["rejects"], "ingest_rejects"),
        ("Invalid cells", ledger["cells"], "ingest_cells"),
        ("Gaps: hours (UTC) without a record, at a time of day that usually has some", ledger["gaps"], "gaps()"),
        ("Schema drift", drift, "ingest_drift"),
    ]
    folders = {row["file"].rpartition("/")[0] for row, _ in files}
    for title, rows, source in tables:
        one_folder = len(folders) == 1 and "file" in rows.columns
        name = pl.col("file").str.split("/").list.last()
        _write_part(out, title, rows.with_columns(file=name) if one_folder else rows, source)


def _remarks(file: dict[str, Any]) -> list[str]:
    """Return the remarks on a file; a sound file has none."""
    remarks = [file["reason"]] if file["reason"] else []
    if file["duplicate_of"]:
        remarks.append(f"the same content as {file['duplicate_of'].rpartition('/')[2]}")
    if file["pending_bytes"]:
        remarks.append(f"{pluralize(file['pending_bytes'], 'byte')} still being written")
    if file["bad_cells"]:
        remarks.append(pluralize(file["bad_cells"], "invalid cell"))
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
        f"{pluralize(totals['bad_cells'], 'invalid cell')}, "
        f"{pluralize(totals['undated'], 'row')} without a usable timestamp",
    ]
    if totals["first_at"]:
        lines.append(f"from {totals['first_at']:%Y-%m-%d %H:%M:%S} to {totals['last_at']:%Y-%m-%d %H:%M:%S} UTC")
    return "".join(f"{line}\n" for line in lines)


def _write_part(out: IO[bytes], title: str, rows: pl.DataFrame, source: str) -> None:
    if rows.is_empty():
        return
    write_rows(rows.head(_MAX_LINES), Format.TABLE, text := io.BytesIO())
    out.write(f"\n{title}\n".encode() + text.getvalue())
    if (more := len(rows) - _MAX_LINES) > 0:
        out.write(f'… and {more:,} more: bakame-duck sql "from {source}"\n'.encode())
