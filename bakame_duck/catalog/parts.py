"""
Keep beside a mirror what its log alone tells of turns, calls, callers and personal data.

A part is a view or a metric of ``sql/`` over one log, as Parquet. A rotated log does not change,
so of a year of them only the parts have to be put together, which ``sql/parts`` does. A part is
named after its mirror and after the SQL that made it. What is wanted whatever the time is put together
month by month once, under a name that comes of those of its parts.
"""

from __future__ import annotations

import hashlib
import os
from collections import defaultdict
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime
from itertools import chain, count
from pathlib import Path

import duckdb
from duckdb import DuckDBPyConnection

from bakame_duck import sql_files
from bakame_duck.cache import Cache, is_whole_parquet
from bakame_duck.errors import CacheError
from bakame_duck.ingest import csv_reader
from bakame_duck.ingest.scanner import Progress

OF_ALL_TIMES = ("callers", "outermost_mentions")
"""Views of which what each log tells is wanted, whatever the time that is asked for."""

OF_THE_TIME = ("turns", "calls", "calls_with_modules", "caller_quarters()", "personal_data")
"""Views, and a metric, of which only what logs near that time tell is."""

_FOLDER = "parts"
_MONTHS = "months"
_HOUR, _SEASON = 3600, 90 * 86_400  # in seconds


class Parts:
    """The parts of logs, as the SQL of now makes them."""

    def __init__(self) -> None:
        # By view: what its parts stand under while they are put together, and what puts them together.
        self._merging = {
            "callers": ("part_callers", sql_files.sql_texts("parts")["callers"]),
            "outermost_mentions": ("module_mentions", "from outermost_mentions"),
        }
        self._suffixes = {
            view: f"-{hashlib.sha256(text.encode()).hexdigest()[:8]}.{view.removesuffix('()')}.parquet"
            for view, text in sql_files.with_used_sql(OF_ALL_TIMES + OF_THE_TIME).items()
        }

    def place(self, mirror: str, view: str) -> str:
        """Return where the part of *view* lies, or would, of the log with this *mirror*."""
        folder, name = os.path.split(mirror)
        return f"{folder}/{_FOLDER}/{name.removesuffix('.parquet')}{self._suffixes[view]}"

    def lacking(self, wanted: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
        """Return which of *wanted*, pairs of a mirror and a view, have no part yet."""
        return [pair for pair in wanted if not is_whole_parquet(self.place(*pair))]

    def make(
        self, con: DuckDBPyConnection, lacking: Iterable[tuple[str, str]], progress: Progress | None = None
    ) -> None:
        """
        Make parts.

        Args:
            con: A connection made by ``catalog.connect``; it is left as it is.

            lacking: Pairs of a mirror and a view.

            progress: Called with the number of mirrors done, and of all.

        Raises:
            CacheError: A part cannot be written.
        """
        views: dict[str, list[str]] = defaultdict(list)
        for mirror, view in lacking:
            views[mirror].append(view)
        done = count(1)

        def make_those_of(mirror: str) -> None:
            with con.cursor() as own:
                self._write(own, mirror, views[mirror])
            if progress:
                progress(next(done), len(views))

        with ThreadPoolExecutor(os.cpu_count()) as pool:
            for made in [pool.submit(make_those_of, mirror) for mirror in views]:
                try:
                    made.result()
                except BaseException:
                    pool.shutdown(cancel_futures=True)
                    raise

    def merge(self, con: DuckDBPyConnection, view: str, logs: Iterable[tuple[str, datetime | None]]) -> list[str]:
        """
        Return the files that hold what *logs* tell of one of :data:`OF_ALL_TIMES`: one for each folder and month.

        Of the last month, which is not over, there are the parts themselves, as there are of logs without an instant,
        and where they cannot be put together.

        Args:
            con: A connection made by ``catalog.connect``; it is left as it is.

            view: The view.

            logs: The mirror of each, and the instant of its last record. They have parts of the view, and all lie
                before, or all behind, the turns that are asked for.
        """
        months: dict[tuple[tuple[int, int] | None, str], list[str]] = defaultdict(list)
        for mirror, last_at in logs:
            month = (last_at.year, last_at.month) if last_at else None
            months[month, os.path.dirname(mirror)].append(self.place(mirror, view))  # noqa: PTH120 - of thousands
        last = max((month for month, _ in months if month), default=None)
        paths = []
        with con.cursor() as own:
            for (month, _), parts in months.items():
                paths += parts if month in (None, last) else self._merged(own, view, parts)
        return paths

    def _merged(self, con: DuckDBPyConnection, view: str, parts: list[str]) -> list[str]:
        """Return where *parts* lie together; they themselves, where they cannot."""
        name, select = self._merging[view]
        digest = hashlib.sha256("\0".join([select, *sorted(parts)]).encode()).hexdigest()[:32]
        path = Path(parts[0]).parent / _MONTHS / f"{digest}.{view}.parquet"
        if len(parts) > 1 and not is_whole_parquet(str(path)):
            union = f"read_parquet({csv_reader.file_list(parts)}, hive_partitioning = false)"
            con.execute(f"create or replace temp view {name} as from {union}")
            with suppress(CacheError):
                self._copy(con, select, path)
        return [str(path)] if is_whole_parquet(str(path)) else parts

    def clear(self, folder: Path, mirrors: Sequence[str]) -> None:
        """
        Remove parts from the cache of the logs in *folder*.

        Those go that belong to none of its *mirrors*, or to SQL of before, and with them the months that can hold
        them; and of what is wanted only near a time, those made so long ago that no report of these weeks asks for
        them.
        """
        inner = Cache(folder).folder / _FOLDER
        if inner.is_dir():
            parts, months = Cache.at(inner), Cache.at(inner / _MONTHS)
            names = {
                view: {self.place(mirror, view).rpartition("/")[2] for mirror in mirrors}
                for view in OF_ALL_TIMES + OF_THE_TIME
            }
            gone = parts.clear(chain(*names.values()), age=_HOUR)
            months.clear([], age=0 if gone else _SEASON)
            parts.clear(chain(*(names[view] for view in OF_ALL_TIMES)), age=_SEASON)

    def _write(self, con: DuckDBPyConnection, mirror: str, views: Iterable[str]) -> None:
        # A temporary view is found before another of the same name, by views too.
        con.execute(
            f"""
            create temp view log_records as
            select *, '' as source_file
            from read_parquet({csv_reader.file_list([mirror])}, hive_partitioning = false)
            """
        )
        for view in views:
            self._copy(con, f"from {view}", Path(self.place(mirror, view)))

    def _copy(self, con: DuckDBPyConnection, select: str, path: Path) -> None:
        try:
            with Cache.at(path.parent).new_file(path.name) as unfinished:
                con.execute(
                    f"""
                    copy ({select}) to {csv_reader.literal(str(unfinished))}
                    (format parquet, compression zstd, parquet_version v2, use_tmp_file false)
                    """
                )
        except duckdb.Error as error:
            raise CacheError(
                f"{path} cannot be written: {str(error).splitlines()[0]}",
                hint="Make room there, or go without it: --no-mirror.",
            ) from error
