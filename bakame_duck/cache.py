"""
Keep what was learnt about the logs of a folder: notes, repaired copies, the mirror.

It lies in ``.bakame-duck/`` beside the logs, or in the user's cache folder where the
logs' own cannot be written; what belongs to no logs always lies there. A file appears
under its name whole or not at all, so a killed process leaves nothing wrong behind, and
two at once don't collide.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sqlite3
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from platformdirs import user_cache_path

from bakame_duck.errors import CacheError

NAME = ".bakame-duck"
_UNFINISHED = ".unfinished-"
_HOUR = 3600


class Cache:
    """
    The cache of one folder of logs, or of what belongs to none.

    Attributes:
        folder: Where it lies.
    """

    def __init__(self, logs: Path | None = None) -> None:
        self.folder = user_cache_path("bakame-duck")
        if logs:
            own = logs / NAME
            writable = os.access(own if own.is_dir() else logs, os.W_OK)
            self.folder = (
                own if writable else self.folder / hashlib.sha256(os.fsencode(logs.resolve())).hexdigest()[:16]
            )
        self._make_folder()

    @classmethod
    def at(cls, folder: Path) -> Cache:
        """Return the cache that lies in *folder*."""
        cache = cls.__new__(cls)
        cache.folder = folder
        cache._make_folder()
        return cache

    def recall(self) -> dict[str, str]:
        """Return every note by its key; none where there are none, or they cannot be read."""
        try:
            with self._notes() as notes:
                return dict(notes.execute("select key, note from notes"))
        except sqlite3.Error:
            return {}

    def remember(self, notes: Mapping[str, str]) -> None:
        """Keep *notes* by their keys; where that is impossible, the next look is as long as the first."""
        for _ in range(2):
            try:
                with self._notes() as stored:
                    stored.executemany("insert or replace into notes values (?, ?)", notes.items())
                return
            except sqlite3.OperationalError:  # no space, no permission, locked for long
                return
            except sqlite3.DatabaseError:  # not a database: a torn file, or somebody else's
                with contextlib.suppress(OSError):
                    (self.folder / "notes.sqlite").unlink()

    def forget_others(self, keys: Iterable[str]) -> None:
        """Drop every note but those of *keys*."""
        with contextlib.suppress(sqlite3.Error), self._notes() as notes:
            notes.execute("create temp table kept (key text primary key)")
            notes.executemany("insert or ignore into kept values (?)", ((key,) for key in keys))
            notes.execute("delete from notes where key not in (select key from kept)")

    @contextlib.contextmanager
    def new_file(self, name: str) -> Iterator[Path]:
        """
        Give a path to write to, and put what was written there under *name* when the block ends well.

        Raises:
            CacheError: It cannot be written.
        """
        unfinished = None
        try:
            handle, text = tempfile.mkstemp(dir=self.folder, prefix=_UNFINISHED, suffix=Path(name).suffix)
            unfinished = Path(text)
            os.close(handle)
            yield unfinished
            with unfinished.open("rb") as stream:
                os.fsync(stream.fileno())
            unfinished.replace(self.folder / name)
        except OSError as error:
            raise CacheError(
                f"{self.folder / name} cannot be written: {error.strerror or error}",
                hint="Make room there, or point XDG_CACHE_HOME at a folder that has it and make the logs read-only.",
            ) from error
        finally:
            if unfinished:
                unfinished.unlink(missing_ok=True)

    def clear(self, kept: Iterable[str], *, pattern: str = "*", age: float = _HOUR) -> bool:
        """
        Remove files, but no notes, and return whether there were any; another process may still read what is new.

        Args:
            kept: The names of those that stay.

            pattern: What the names of the others look like.

            age: How old those are at least, in seconds.
        """
        names = {*kept, "notes.sqlite", "notes.sqlite-journal"}
        removed = False
        for path in self.folder.glob(pattern):
            with contextlib.suppress(OSError):
                if path.name not in names and time.time() - path.stat().st_mtime > age:
                    path.unlink()
                    removed = True
        return removed

    def _make_folder(self) -> None:
        with contextlib.suppress(OSError):  # told by whoever has to write there
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    @contextlib.contextmanager
    def _notes(self) -> Iterator[sqlite3.Connection]:
        connection = sqlite3.connect(self.folder / "notes.sqlite", timeout=10)
        try:
            with connection:
                connection.execute("create table if not exists notes (key text primary key, note text) without rowid")
                yield connection
        finally:
            connection.close()


def is_whole_parquet(path: str) -> bool:
    """Whether *path* is there, and a Parquet file to its end."""
    try:
        with open(path, "rb") as stream:  # noqa: PTH123 - a text, of thousands of files
            stream.seek(-4, os.SEEK_END)
            return stream.read() == b"PAR1"
    except OSError:
        return False
