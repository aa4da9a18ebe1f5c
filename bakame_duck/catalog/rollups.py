"""
Write rollups: the turns, calls, callers, module mentions, activity and personal-data locations of one rotated log.

A rotated log doesn't change, so what the views compute from its records is written once, as Parquet beside its mirror;
views are an ordinary union of those files and the same SELECT over logs that have none. A rollup's name contains the
hash of the log's content, of the record ranges used and of the SQL that made it: editing a view invalidates its
rollups, and editing a metric doesn't. The log folder is never written to.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path

import duckdb
from duckdb import DuckDBPyConnection

from bakame_duck.cache import Cache
from bakame_duck.catalog.template import connect_empty
from bakame_duck.errors import CacheError
from bakame_duck.ingest import csv_reader, mirror
from bakame_duck.ingest.csv_reader import literal
from bakame_duck.ingest.files import find_logs
from bakame_duck.ingest.inspection import Inspection, clear_cache, inspect, load_cached
from bakame_duck.ingest.scanner import Progress
from bakame_duck.sql_files import sql_closure
from bakame_duck.timespan import overlaps, to_naive_utc

_STORED = {
    "turns": "select * exclude (source_file) from internal.turns_with_modules order by turn_at, source_row",
    "calls": "select * exclude (duration_s) from calls order by started_at, call_id",
    "callers": "select * exclude (source_file) from internal.callers_from_records order by phone_number",
    "mentions": "select * exclude (source_file) from internal.mentions_from_records order by mentioned_at, call_id",
    "mention_days": "select * exclude (source_file) from internal.mention_days_from_records order by mention_month",
    "activity": "select * exclude (source_file) from internal.activity_from_records order by quarter_at, phone_number",
    "personal_data": "select * exclude (source_file) from internal.personal_data_from_records order by source_row",
}
"""What is stored of one log, by kind; the view ``internal.KIND_by_log`` reads it."""

_EDGES = """
    select
        logs.file,
        max(others.last_at) filter (where others.first_at <= logs.middle),
        min(others.first_at) filter (where others.first_at > logs.middle)
    from (select *, first_at + (last_at - first_at) / 2 as middle from internal.inspected_files) as logs
    inner join internal.inspected_files as others on logs.file <> others.file and others.first_at is not null
    where logs.first_at is not null and logs.accepted > 0 and others.accepted > 0
        and others.state in ('sound', 'repaired')
    group by logs.file
"""
_EARLIEST, _LATEST = datetime(1, 1, 2), datetime(9999, 12, 30)  # leaves room for four hours more


@dataclass(frozen=True)
class Refreshed:
    """
    What a refresh did.

    Attributes:
        files: Rotated logs with records in the range.

        built: How many of them got a new mirror or new rollups.

        rows: The records of these logs.

        log_bytes: The size of the logs.

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
    Write the mirror and the rollups of rotated logs that have none; remove files that belong to no log any more.

    Args:
        data: The folder of the logs, or several.

        since: Only logs that can contain records from this instant on; without a zone it is UTC.

        until: Only logs that can contain records before this instant.

        progress: Called with the amount done, the total, and a description of the step.

    Raises:
        DataFolderError: A folder is missing, or contains no log.

        CacheError: A file cannot be written.
    """
    files = find_logs(data)
    report = progress or (lambda *_: None)
    first, end = since and to_naive_utc(since), until and to_naive_utc(until)
    with csv_reader.open_connection() as con:
        cached = load_cached(files)
        inspections = inspect(con, cached, progress=lambda done, total: report(done, total, "Inspecting logs"))
        rotated = mirror.rotated_logs(inspections)
        wanted = [log for log in rotated if overlaps(log.first_at, log.last_at, first, end)]
        built = mirror.build(con, wanted, lambda done, total: report(done, total, "Mirroring logs"))
    built |= build_rollups(wanted, lambda done, total: report(done, total, "Writing rollups"))
    for folder in {Path(file.folder) for file in files}:
        logs = [log for log in rotated if log.file.parent == folder]
        clear_cache(
            folder,
            [file for file in files if file.path.parent == folder],
            [file for file in inspections if file.file.parent == folder],
            [mirror.mirror_name(log) for log in logs] + [name for log in logs for name in rollup_names(log).values()],
        )
    Cache.enforce_limit(name for log in wanted for name in (mirror.mirror_name(log), *rollup_names(log).values()))
    return Refreshed(
        files=len(wanted),
        built=len(built),
        rows=sum(log.rows for log in wanted),
        log_bytes=sum(log.size for log in wanted),
        mirror_bytes=sum(_size(Path(mirror.mirror_path(log))) for log in wanted),
    )


def rollup_names(log: Inspection) -> dict[str, str]:
    """Return the names of the files with the rollups of *log*, by kind."""
    stem = mirror.mirror_name(log).removesuffix(".parquet")
    ranges = hashlib.sha256(repr(log.record_ranges).encode()).hexdigest()[:8]
    return {kind: f"{stem}-{ranges}-{digest}.{kind}.parquet" for kind, digest in _sql_digests().items()}


def with_rollups(logs: Iterable[Inspection]) -> list[Inspection]:
    """Return those of the rotated *logs* that have a mirror and rollups of every kind."""
    complete = cache(lambda folder: Cache(Path(folder)).complete_files())
    return [log for log in logs if {mirror.mirror_name(log), *rollup_names(log).values()} <= complete(log.folder)]


def build_rollups(logs: Sequence[Inspection], progress: Progress) -> set[str]:
    """
    Write the rollups that *logs*, which have a mirror, still lack; return the content hashes of those logs.

    Raises:
        CacheError: A file cannot be written.
    """
    done = {log.content_hash for log in with_rollups(logs)}
    missing = [log for log in logs if log.content_hash not in done]
    own, finished, lock = threading.local(), 0, threading.Lock()

    def build(log: Inspection) -> None:
        nonlocal finished
        if not hasattr(own, "con"):
            own.con = connect_empty()
        _write_rollups(own.con, log)
        with lock:
            finished += 1
            progress(finished, len(missing))

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for future in [pool.submit(build, log) for log in missing]:
            try:
                future.result()
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise
    return {log.content_hash for log in missing}


def create_by_log_views(con: DuckDBPyConnection, logs: Sequence[Inspection]) -> None:
    """
    Let the views ``internal.…_by_log`` read the rollups of *logs*, beside the logs that have none.

    Each row gets the range of instants in which no other log has a record.
    """
    if not logs:
        return
    edges = {file: (since, until) for file, since, until in con.execute(_EDGES).fetchall()}
    files = [str(log.file) for log in logs]
    since, until = (
        ",".join(str(edges.get(file, (None, None))[end] or default) for file in files)
        for end, default in enumerate((_EARLIEST, _LATEST))
    )
    position = "[cast(file_index as bigint) + 1]"
    folder = cache(lambda name: str(Cache(Path(name)).folder))
    for kind in _STORED:
        paths = csv_reader.file_list(f"{folder(log.folder)}/{rollup_names(log)[kind]}" for log in logs)
        con.execute(
            f"""
            create or replace view internal.{kind}_by_log as
            select *, null::timestamp as others_until, null::timestamp as others_since
            from internal.{kind}_from_records
            union all by name
            select
                * exclude (file_index),
                {csv_reader.text_list(files)}{position} as source_file,
                cast(string_split('{since}', ',') as timestamp[]){position} as others_until,
                cast(string_split('{until}', ',') as timestamp[]){position} as others_since
            from (select *, file_index from read_parquet({paths}, hive_partitioning = false))
            """
        )


def _write_rollups(con: DuckDBPyConnection, log: Inspection) -> None:
    path = mirror.mirror_path(log)
    con.execute(f"create or replace view internal.unrolled_records as {mirror_of(path)}")
    folder = Cache(log.file.parent)
    complete = folder.complete_files()
    for kind, name in rollup_names(log).items():
        if name in complete:
            continue
        with folder.new_file(name) as unfinished:
            try:
                con.execute(
                    f"""
                    copy ({_STORED[kind]}) to {literal(str(unfinished))}
                    (format parquet, compression zstd, parquet_version v2, use_tmp_file false)
                    """
                )
            except duckdb.Error as error:
                raise CacheError(
                    f"The rollups of {log.file} cannot be written: {str(error).splitlines()[0]}",
                    hint="Free some space in the cache folder, or read the logs directly: --no-mirror.",
                ) from error


def mirror_of(path: str) -> str:
    """Return the SELECT of the records of the mirror at *path*."""
    return f"select *, '' as source_file from read_parquet({csv_reader.file_list([path])}, hive_partitioning = false)"


@cache
def _sql_digests() -> dict[str, str]:
    """Return a digest of the SQL that makes each kind of rollup."""
    relations = {"turns": "turns_with_modules", "calls": "calls"}
    digests = {}
    for kind, select in _STORED.items():
        used = sql_closure([relations.get(kind, f"{kind}_from_records"), f"{kind}_from_records"])
        digests[kind] = hashlib.sha256("\0".join([select, *used.values()]).encode()).hexdigest()[:8]
    return digests


def _size(path: Path) -> int:
    return path.stat().st_size
