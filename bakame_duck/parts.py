"""
Keep beside a mirror what its log alone tells of turns, calls and callers.

A part is a view or a metric of ``sql/`` over one log, as Parquet. A rotated log does not change,
so of a year of them only the parts have to be put together, which ``sql/parts`` does. A
part is named after its mirror and after the SQL that made it.
"""

from __future__ import annotations

import hashlib
import os
from collections import defaultdict
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import count
from pathlib import Path

import duckdb
from duckdb import DuckDBPyConnection

from bakame_duck import reader
from bakame_duck.cache import Cache, is_whole_parquet
from bakame_duck.errors import CacheError
from bakame_duck.scan import Progress

_FOLDER = "parts"


def place(mirror: str, view: str) -> str:
    """Return where the part of *view* lies, or would, of the log with this *mirror*."""
    folder, name = os.path.split(mirror)
    return f"{folder}/{_FOLDER}/{name.removesuffix('.parquet')}-{_way_of_making()}.{view.removesuffix('()')}.parquet"


def is_there(mirror: str, view: str) -> bool:
    """Whether there is a part of *view* of the log with this *mirror*."""
    return is_whole_parquet(place(mirror, view))


def make(con: DuckDBPyConnection, wanted: Iterable[tuple[str, str]], progress: Progress | None = None) -> None:
    """
    Make the parts that are not there yet.

    Args:
        con: A connection made by ``catalog.connect``; it is left as it is.

        wanted: Pairs of a mirror and a view.

        progress: Called with the number of mirrors done, and of those that lacked a part.

    Raises:
        CacheError: A part cannot be written.
    """
    lacking: dict[str, list[str]] = defaultdict(list)
    for mirror, view in wanted:
        if not is_there(mirror, view):
            lacking[mirror].append(view)
    done = count(1)

    def make_those_of(mirror: str) -> None:
        with con.cursor() as own:
            _write(own, mirror, lacking[mirror])
        if progress:
            progress(next(done), len(lacking))

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for made in [pool.submit(make_those_of, mirror) for mirror in lacking]:
            try:
                made.result()
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise


def clear(folder: Path, mirrors: Iterable[str]) -> None:
    """Remove the parts in the cache of the logs in *folder* that belong to none of its *mirrors*, or to older SQL."""
    inner = Cache(folder).folder / _FOLDER
    stems = {Path(place(mirror, "any")).name.partition(".")[0] for mirror in mirrors}
    if inner.is_dir():
        Cache.at(inner).clear(path.name for path in inner.iterdir() if path.name.partition(".")[0] in stems)


def _write(con: DuckDBPyConnection, mirror: str, views: Iterable[str]) -> None:
    # A temporary view is found before another of the same name, by views too.
    con.execute(
        f"""
        create temp view log_records as
        select *, '' as source_file
        from read_parquet({reader.file_list([mirror])}, hive_partitioning = false)
        """
    )
    for view in views:
        path = Path(place(mirror, view))
        try:
            with Cache.at(path.parent).new_file(path.name) as unfinished:
                con.execute(
                    f"""
                    copy (from {view}) to {reader.literal(str(unfinished))}
                    (format parquet, compression zstd, parquet_version v2, use_tmp_file false)
                    """
                )
        except duckdb.Error as error:
            raise CacheError(
                f"What {mirror} tells of {view} cannot be written: {str(error).splitlines()[0]}",
                hint="Make room where it lies, or go without it: --no-mirror.",
            ) from error


@cache
def _way_of_making() -> str:
    texts = [text for folder in ("functions", "views", "metrics") for text in reader.sql_texts(folder).values()]
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()[:8]
