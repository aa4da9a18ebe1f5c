"""
Write mirrors: the typed records of a rotated log as Parquet, which queries read many times faster.

A mirror is named after the content of its log and the way it was read: a rewritten log gets a new one, and a renamed or
compressed one keeps its own. It contains what the views show of one file, in time order, with the number of each
record. The log folder is never written to.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from threading import Lock

import duckdb
from duckdb import DuckDBPyConnection

from bakame_duck import sql_files
from bakame_duck.cache import Cache
from bakame_duck.errors import CacheError, LogError
from bakame_duck.ingest import csv_reader
from bakame_duck.ingest.inspection import FORMAT, READ_STATES, Inspection
from bakame_duck.ingest.scanner import Progress

_ROW_GROUP = 122_880
_MEMORY = "700MB"  # what doesn't fit is sorted on disk


def rotated_logs(inspections: Iterable[Inspection]) -> list[Inspection]:
    """Return the rotated logs that are read; no two of them have the same content."""
    return [file for file in inspections if not file.live and file.rows and file.state in READ_STATES]


def mirror_name(log: Inspection) -> str:
    """Return the file name of the mirror of *log*."""
    return f"{log.content_hash[:32]}-{_reading_digest()}.parquet"


def mirror_path(log: Inspection) -> str:
    """Return the path of the mirror of *log*."""
    return f"{_cache_folder(log.folder)}/{mirror_name(log)}"


def with_mirror(logs: Iterable[Inspection]) -> list[Inspection]:
    """Return the rotated logs among *logs* that have a mirror."""
    complete = cache(lambda folder: Cache(Path(folder)).complete_files())
    return [log for log in rotated_logs(logs) if mirror_name(log) in complete(log.folder)]


def build(con: DuckDBPyConnection, logs: Sequence[Inspection], progress: Progress) -> set[str]:
    """
    Write the missing mirrors of *logs*; return the content hashes of those logs.

    Args:
        con: A connection made by :func:`bakame_duck.ingest.csv_reader.open_connection`.

        logs: Rotated logs.

        progress: Called with the number of bytes of logs mirrored, and of all that have to be.

    Raises:
        CacheError: A mirror cannot be written.

        LogError: A log changed while it was mirrored.
    """
    done = {log.content_hash for log in with_mirror(logs)}
    missing = [log for log in logs if log.content_hash not in done]
    con.execute(f"set memory_limit = '{_MEMORY}'")
    for log in missing[:1]:  # once: DuckDB refuses to change a folder that it has spilled to
        con.execute(f"set temp_directory = {csv_reader.literal(_cache_folder(log.folder))}")
    written, total, lock = 0, sum(log.size for log in missing), Lock()

    def write(log: Inspection) -> None:
        nonlocal written
        _write(con.cursor(), log)
        with lock:
            written += log.size
            progress(written, total)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for future in [pool.submit(write, log) for log in missing]:
            try:
                future.result()
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise
    return {log.content_hash for log in missing}


def _write(con: DuckDBPyConnection, log: Inspection) -> None:
    """Write the mirror of *log*, whole or not at all."""
    cells = csv_reader.cells(log.pieces, log.columns)
    try:
        with Cache(log.file.parent).new_file(mirror_name(log)) as path:
            con.execute(
                f"""
                copy (
                    select {csv_reader.typed_columns()}, source_row
                    from (select *, row_number() over () as source_row from ({cells}))
                    order by timestamp nulls last, source_row
                )
                to {csv_reader.literal(str(path))}
                (
                    format parquet, compression zstd, parquet_version v2, row_group_size {_ROW_GROUP},
                    use_tmp_file false
                )
                """
            )
            rows = con.execute(f"select count(*) from read_parquet({csv_reader.literal(str(path))})").fetchall()[0][0]
            if rows != log.rows:
                raise LogError(
                    f"{log.file} changed while it was mirrored: {rows} records instead of {log.rows}",
                    hint="Run the command again.",
                )
    except duckdb.Error as error:
        raise CacheError(
            f"The mirror of {log.file} cannot be written: {str(error).splitlines()[0]}",
            hint="Free some space in the cache folder, or read the logs directly: --no-mirror.",
        ) from error


@cache
def _reading_digest() -> str:
    """Return a digest of how records are read: the format of inspection, the casts and the functions they use."""
    projection = csv_reader.typed_columns()
    functions = sql_files.sql_closure(re.findall(r"(\w+)\(", projection))
    return hashlib.sha256("\0".join([str(FORMAT), projection, *functions.values()]).encode()).hexdigest()[:8]


def _cache_folder(logs: str) -> str:
    return str(Cache(Path(logs)).folder)
