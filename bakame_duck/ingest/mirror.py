"""
Keep rotated logs as Parquet too, from which they are read many times faster.

A mirror is named after the content it holds and the way it was read, so a rewritten log
finds none, and a renamed or compressed one finds its own. It holds what the views show
of one file, in the order of time, with the number of each record there.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Protocol

import duckdb
from duckdb import DuckDBPyConnection

from bakame_duck import schema, sql_files
from bakame_duck.cache import Cache, is_whole_parquet
from bakame_duck.catalog.parts import Parts
from bakame_duck.errors import CacheError, LogError
from bakame_duck.ingest import csv_reader
from bakame_duck.ingest.files import find_logs
from bakame_duck.ingest.inspection import FORMAT, Inspection, clear, inspect, load_cached
from bakame_duck.ingest.scanner import Progress

_ROW_GROUP = 122_880
_MEMORY = "700MB"  # what does not fit is sorted on the disk


@dataclass(frozen=True)
class Refreshed:
    """
    What a refresh did.

    Attributes:
        files: Rotated files with records in the given time.

        built: How many of them were mirrored anew.

        rows: The records of the files.

        log_bytes: The size of the files.

        mirror_bytes: The size of their mirrors.
    """

    files: int
    built: int
    rows: int
    log_bytes: int
    mirror_bytes: int


def refresh(
    data: Path | str | Sequence[Path | str],
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    progress: Callable[[int, int, str], None] | None = None,
) -> Refreshed:
    """
    Mirror the rotated logs of *data* that have no mirror yet; remove what belongs to no log any more.

    Args:
        data: The folder of the logs, or several.

        since: Only files that can hold records from this instant on, UTC.

        until: Only files that can hold records before this instant, UTC.

        progress: Called with the number of bytes done, of all that there are, and what is done with them.

    Raises:
        DataFolderError: A folder is missing, or holds no log.

        CacheError: A mirror cannot be written.
    """
    files = find_logs(data)
    told = progress or (lambda *_: None)
    with csv_reader.open_connection() as con:
        inspections = inspect(
            con, load_cached(files), progress=lambda done, total: told(done, total, "Inspecting logs")
        )
        rotated = _rotated(inspections)
        places = _places(rotated)
        wanted = [file for file in rotated if can_hold(file, since, until)]
        missing = [file for file in wanted if not is_whole_parquet(places[file.content_hash])]
        _build(con, missing, places, lambda done, total: told(done, total, "Mirroring logs"))
    summed = Parts()
    for folder in {Path(file.folder) for file in files}:
        clear(
            folder,
            [file for file in files if file.path.parent == folder],
            [file for file in inspections if file.file.parent == folder],
            kept := [Path(places[file.content_hash]).name for file in rotated if file.file.parent == folder],
        )
        summed.clear(folder, kept)
    return Refreshed(
        files=len(wanted),
        built=len(missing),
        rows=sum(file.rows for file in wanted),
        log_bytes=sum(file.size for file in wanted),
        mirror_bytes=sum(Path(places[file.content_hash]).stat().st_size for file in wanted),
    )


class Span(Protocol):
    """A file, a piece of one, or whatever else has records from some time."""

    @property
    def first_at(self) -> datetime | None:
        """Its earliest instant, UTC."""

    @property
    def last_at(self) -> datetime | None:
        """Its latest instant, UTC."""


def can_hold(span: Span, since: datetime | None, until: datetime | None) -> bool:
    """Whether there can be records of *span* in the time from *since* to before *until*."""
    if since is None and until is None:
        return True
    if span.first_at is None or span.last_at is None:
        return False
    return (since is None or span.last_at >= since) and (until is None or span.first_at < until)


def utc(instant: datetime) -> datetime:
    """Return *instant* as naive UTC, as files and views state it; without a zone it is UTC already."""
    return instant.astimezone(UTC).replace(tzinfo=None) if instant.tzinfo else instant


def mirrors(inspections: Iterable[Inspection]) -> dict[str, str]:
    """Return the paths of the mirrors that there are, by the hash of the content that each holds."""
    places = _places(_rotated(inspections))
    folders = {os.path.dirname(place) for place in places.values()}  # noqa: PTH120 - texts, of thousands of files
    there = {str(mirror) for folder in folders for mirror in Path(folder).glob("*.parquet")}
    return {content: place for content, place in places.items() if place in there and is_whole_parquet(place)}


def mirrored_records(places: Sequence[tuple[str, str]]) -> str:
    """Return the SELECT of the records of some logs, each named beside its mirror in *places*, from their mirrors."""
    names, paths = zip(*places, strict=True)
    return f"""
        select {", ".join(schema.NAMES)}, {named_by_index(names)} as source_file, source_row
        from (select *, file_index from read_parquet({csv_reader.file_list(paths)}, hive_partitioning = false))
    """


def named_by_index(names: Iterable[str]) -> str:
    """Return the expression that gives the one of *names* at the ``file_index`` of a record."""
    return f"{csv_reader.text_list(names)}[cast(file_index as bigint) + 1]"


def _rotated(inspections: Iterable[Inspection]) -> list[Inspection]:
    """Return the rotated logs that are read: no two with the same content."""
    return [file for file in inspections if not file.live and file.rows and file.state in {"sound", "repaired"}]


def _places(rotated: Iterable[Inspection]) -> dict[str, str]:
    """Return where the mirror of each *rotated* log lies, or would, by the hash of its content."""
    cache_of = cache(lambda folder: str(Cache(Path(folder)).folder))
    return {
        file.content_hash: f"{cache_of(file.folder)}/{file.content_hash[:32]}-{_way_of_reading()}.parquet"
        for file in rotated
    }


def _build(con: DuckDBPyConnection, files: list[Inspection], places: Mapping[str, str], progress: Progress) -> None:
    con.execute(f"set memory_limit = '{_MEMORY}'")
    for file in files[:1]:  # once: a folder that was spilled to cannot be changed
        con.execute(f"set temp_directory = {csv_reader.literal(str(Path(places[file.content_hash]).parent))}")
    done, total, lock = 0, sum(file.size for file in files), Lock()

    def build(file: Inspection) -> None:
        nonlocal done
        _write(con.cursor(), file, Path(places[file.content_hash]))
        with lock:
            done += file.size
            progress(done, total)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for built in [pool.submit(build, file) for file in files]:
            try:
                built.result()
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise


def _write(con: DuckDBPyConnection, file: Inspection, place: Path) -> None:
    """Write the mirror of *file* to *place*, whole or not at all."""
    cells = csv_reader.cells(file.pieces, file.columns)
    try:
        with Cache(file.file.parent).new_file(place.name) as path:
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
            if rows != file.rows:
                raise LogError(
                    f"{file.file} changed while it was mirrored: {rows} records instead of {file.rows}",
                    hint="Run the command again.",
                )
    except duckdb.Error as error:
        raise CacheError(
            f"The mirror of {file.file} cannot be written: {str(error).splitlines()[0]}",
            hint="Make room where it lies, or go without it: --no-mirror.",
        ) from error


@cache
def _way_of_reading() -> str:
    text = f"{FORMAT}" + csv_reader.typed_columns()
    for name, function in reversed(sql_files.sql_texts("functions").items()):  # those that call before those called
        if f"{name}(" in text:
            text += function
    return hashlib.sha256(text.encode()).hexdigest()[:8]
