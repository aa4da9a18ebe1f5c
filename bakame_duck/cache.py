"""
Cache inspection results, repaired copies, mirrors and rollups outside the log folders.

The cache is in the user's cache folder, or where the setting ``cache`` points; each log
folder has a folder of its own there. A file appears under its name only when it is
complete, and its digest file is written last, so a killed process leaves no wrong file
and two processes don't collide. Only regular files with names that this project gives
are ever removed.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import re
import sqlite3
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from platformdirs import user_cache_path

from bakame_duck.errors import CacheError
from bakame_duck.settings import load_settings

OLD_NAME = ".bakame-duck"  # the folder beside the logs that earlier releases used
_DIGEST = ".digest"
_UNFINISHED = ".unfinished-"
_ENTRIES = "entries.sqlite"
_HOUR = 3600

# The first pattern that matches a whole name decides.
_KINDS = {
    "mirrors": re.compile(r"[0-9a-f]{32}(-[0-9a-f]{8}){1,2}\.parquet"),
    "rollups": re.compile(r"([a-z_]+[-.])?[0-9a-f]{32}([-.]\w+)*\.parquet"),
    "repaired copies": re.compile(r"[0-9a-f]{32}\.csv"),
    "entries": re.compile(r"(entries|notes)\.sqlite(-journal)?"),
    "shared": re.compile(r"catalogue-[0-9a-f]{16}\.duckdb|vega-[\w.]+\.js"),
    "unfinished": re.compile(r"\.unfinished-\w+(\.\w+)?|duckdb_temp_\w+([-.]\w+)*"),
}
_OF_A_LOG_FOLDER = re.compile(r"(.+-)?[0-9a-f]{16}")


def cache_root() -> Path:
    """Return the folder of all caches: the setting ``cache``, else the user's cache folder."""
    setting = load_settings().cache
    return setting.expanduser().absolute() if setting else user_cache_path("bakame-duck")


@dataclass(frozen=True)
class Usage:
    """How many files of a kind there are, and their size in bytes, digest files included."""

    files: int = 0
    size: int = 0


@dataclass
class _File:
    """A file of ours; its size includes its digest file."""

    path: Path
    kind: str
    size: int = 0
    used: float = 0

    def remove(self) -> bool:
        """Remove its digest file, then the file; return whether that succeeded."""
        with contextlib.suppress(OSError):
            _digest_path(self.path).unlink(missing_ok=True)
            self.path.unlink(missing_ok=True)
            return True
        return False


class Cache:
    """
    The cache of one log folder, or of what belongs to no logs.

    Attributes:
        folder: Its folder, named after the log folder and the hash of its path.
    """

    def __init__(self, logs: Path | None = None) -> None:
        self.folder = cache_root()
        if logs:
            logs = logs.resolve()
            name = re.sub(r"[^\w.-]", "_", logs.name)[:40]
            self.folder /= f"{name}-{hashlib.sha256(os.fsencode(logs)).hexdigest()[:16]}"
        self._make_folder()

    @classmethod
    def at(cls, folder: Path) -> Cache:
        """Return the cache in *folder*."""
        cache = cls.__new__(cls)
        cache.folder = folder
        cache._make_folder()
        return cache

    @contextlib.contextmanager
    def new_file(self, name: str) -> Iterator[Path]:
        """
        Yield a temporary path; when the block ends without an error, publish the file there as *name*.

        Its digest file, one line of JSON with size and SHA-256, is written last.

        Raises:
            CacheError: The file cannot be written.
        """
        unfinished = None
        try:
            unfinished = self._temporary(Path(name).suffix)
            yield unfinished
            unfinished.chmod(0o600)  # the block may have replaced the file
            with unfinished.open("rb") as stream:
                digest = hashlib.file_digest(stream, "sha256").hexdigest()
                text = json.dumps({"size": stream.tell(), "sha256": digest}) + "\n"
                os.fsync(stream.fileno())
            self._publish(unfinished, name, text)
        except OSError as error:
            raise CacheError(
                f"{self.folder / name} cannot be written: {error.strerror or error}",
                hint="Free some space, or set 'cache' in the settings to a folder that is writable.",
            ) from error
        finally:
            if unfinished:
                unfinished.unlink(missing_ok=True)

    def complete_files(self) -> set[str]:
        """Return the names of the files that have a digest file."""
        with contextlib.suppress(OSError), os.scandir(self.folder) as entries:
            names = {entry.name for entry in entries}
            return {name.removesuffix(_DIGEST) for name in names if name.endswith(_DIGEST)} & names
        return set()

    def load(self) -> dict[str, str]:
        """Return every entry by its key; none if there are none, or they cannot be read."""
        try:
            with self._entries() as entries:
                return dict(entries.execute("select key, entry from entries"))
        except sqlite3.Error:
            return {}

    def store(self, entries: Mapping[str, str]) -> None:
        """Store *entries* by their keys. On failure nothing is raised, and the next run computes them again."""
        for _ in range(2):
            try:
                with self._entries() as stored:
                    stored.executemany("insert or replace into entries values (?, ?)", entries.items())
                return
            except sqlite3.OperationalError:  # no space, no permission, locked for long
                return
            except sqlite3.DatabaseError:  # not a database: a torn file
                with contextlib.suppress(OSError):
                    (self.folder / _ENTRIES).unlink()

    def retain(self, keys: Iterable[str]) -> None:
        """Remove every entry whose key is not one of *keys*."""
        with contextlib.suppress(sqlite3.Error), self._entries() as entries:
            entries.execute("create temp table kept (key text primary key)")
            entries.executemany("insert or ignore into kept values (?)", ((key,) for key in keys))
            entries.execute("delete from entries where key not in (select key from kept)")

    def clear(self, kept: Iterable[str], *, pattern: str = "*", age: float = _HOUR) -> int:
        """
        Remove files of ours with their digest files, but no entries, and return how many.

        Args:
            kept: The names of the files to keep.

            pattern: Remove only files whose names match it.

            age: Remove only files that are older than this, in seconds: other processes may be reading newer ones.
        """
        names, before = set(kept), time.time() - age
        return sum(
            file.remove()
            for file in _files(self.folder)
            if file.kind != "entries"
            and file.path.name not in names
            and file.used < before
            and fnmatchcase(file.path.name, pattern)
        )

    def clear_all(self) -> Usage:
        """Remove every file of ours, entries included, and folders that are then empty; return what was removed."""
        removed = []
        for folder in (self.folder / "parts" / "months", self.folder / "parts", self.folder):  # of earlier releases
            if folder.is_dir() and not folder.is_symlink():
                removed += [file.size for file in _files(folder) if file.remove()]
                with contextlib.suppress(OSError):
                    folder.rmdir()
        return Usage(len(removed), sum(removed))

    def usage(self) -> dict[str, Usage]:
        """Return how much there is of each kind of file."""
        sizes: dict[str, list[int]] = {kind: [] for kind in _KINDS}
        for file in _files(self.folder):
            sizes[file.kind].append(file.size)
        return {kind: Usage(len(found), sum(found)) for kind, found in sizes.items() if found}

    @staticmethod
    def enforce_limit(kept: Iterable[str] = ()) -> int:
        """
        Remove the least recently used files of all caches until they fit the setting ``cache_limit``.

        Files used within the last hour stay, since other processes may be reading them, and so do entries. On a file
        system that records no access times, a file counts as used when it was written.

        Args:
            kept: The names of files to keep, such as those that the caller has just written.

        Returns:
            The number of files removed.
        """
        limit = load_settings().cache_limit
        if limit is None:
            return 0
        files = [file for cache in all_caches() for file in _files(cache.folder)]
        excess, names, before = sum(file.size for file in files) - limit, set(kept), time.time() - _HOUR
        removed = 0
        for file in sorted(files, key=lambda file: file.used):
            if excess <= 0:
                break
            if file.kind != "entries" and file.path.name not in names and file.used < before and file.remove():
                excess -= file.size
                removed += 1
        return removed

    def _make_folder(self) -> None:
        with contextlib.suppress(OSError):  # reported by whatever then writes there
            self.folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.folder.mkdir(mode=0o700, exist_ok=True)

    def _temporary(self, suffix: str) -> Path:
        handle, text = tempfile.mkstemp(dir=self.folder, prefix=_UNFINISHED, suffix=suffix)
        os.close(handle)
        return Path(text)

    def _publish(self, unfinished: Path, name: str, digest: str) -> None:
        """Give *unfinished* its *name*, then write its digest file; one process at a time, so that the two agree."""
        path, temporary = self.folder / name, self._temporary(_DIGEST)
        folder = os.open(self.folder, os.O_RDONLY)
        try:
            with temporary.open("w", encoding="utf-8") as stream:
                stream.write(digest)
                stream.flush()
                os.fsync(stream.fileno())
            with contextlib.suppress(OSError):  # a file system without locks
                fcntl.flock(folder, fcntl.LOCK_EX)
            _digest_path(path).unlink(missing_ok=True)
            unfinished.replace(path)
            temporary.replace(_digest_path(path))
        finally:
            os.close(folder)
            temporary.unlink(missing_ok=True)

    @contextlib.contextmanager
    def _entries(self) -> Iterator[sqlite3.Connection]:
        path = self.folder / _ENTRIES
        with contextlib.suppress(OSError):  # SQLite itself would create it readable for others
            os.close(os.open(path, os.O_CREAT, 0o600))
        connection = sqlite3.connect(path, timeout=10)
        try:
            with connection:
                connection.execute(
                    "create table if not exists entries (key text primary key, entry text) without rowid"
                )
                yield connection
        finally:
            connection.close()


def all_caches() -> list[Cache]:
    """Return the cache of each log folder, and that of what belongs to no logs."""
    root = cache_root()
    try:
        with os.scandir(root) as entries:
            names = [entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]
    except OSError:
        return []
    return [Cache.at(root), *(Cache.at(root / name) for name in sorted(names) if _OF_A_LOG_FOLDER.fullmatch(name))]


def old_cache(logs: Path) -> Cache | None:
    """Return the cache that an earlier release left beside *logs*, if there is one."""
    folder = logs / OLD_NAME
    return Cache.at(folder) if folder.is_dir() and not folder.is_symlink() else None


def _digest_path(path: Path) -> Path:
    return path.with_name(path.name + _DIGEST)


def _files(folder: Path) -> list[_File]:
    """Return the files of ours in *folder*."""
    files: dict[str, _File] = {}
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            name = entry.name.removesuffix(_DIGEST)
            kind = next((kind for kind, pattern in _KINDS.items() if pattern.fullmatch(name)), None)
            with contextlib.suppress(OSError):  # another process has just removed it
                if kind and entry.is_file(follow_symlinks=False):
                    status = entry.stat(follow_symlinks=False)
                    file = files.setdefault(name, _File(folder / name, kind))
                    file.size += status.st_size
                    if name == entry.name or not file.used:  # a digest alone can be one that is being written
                        file.used = max(status.st_atime, status.st_mtime)
    return list(files.values())
