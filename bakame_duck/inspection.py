"""
Say whether a log file is sound, and what is in it.

A file is sound when its bytes have the shape that Python's ``csv.writer`` gives:
every quote opens and closes at the edge of a cell, every record is as wide as one
of the logger's layouts, and no record starts in the middle of another. A sound
file is read where it lies; any other is handed to ``repair``, and its repaired copy
is read instead. The records are counted here, from the bytes, and not by DuckDB.

What was found is remembered in the cache, once for each version of a file. The log
itself is opened for reading only.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import json
import os
import tempfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from platformdirs import user_cache_path

from bakame_duck.logs import LogFile
from bakame_duck.repair import Reject, header_of, record_start_of, repair
from bakame_duck.schema import LAYOUTS, NAMES

CACHE_NAME = ".bakame-duck"
_FORMAT = 3  # of what is remembered; raise it when an inspection would say something else
_BOM = b"\xef\xbb\xbf"
_END_SIZE = 4096


@dataclass(frozen=True)
class Inspection:
    """
    What is known of one version of a log file.

    Attributes:
        file: The log, as the user named its folder.

        reads: The file that DuckDB reads: the log itself, its repaired copy, or None.

        state: ``sound``, ``repaired``, ``duplicate`` or ``unreadable``.

        reason: Why it is not sound; empty when it is.

        live: Whether the logger may still be appending to it.

        size: In bytes, on disk.

        content_hash: SHA-256 of the decompressed content, in hex.

        columns: The columns by position: the logger's own, or those of the file's header.

        unknown_columns: Names in the header that are not in the schema.

        new_line: What ends a record in the file that is read, in DuckDB's spelling.

        layouts: The widths of its records, in cells, each once, ascending.

        records: Records found: rows, rejects and the pending one; headers don't count.

        rows: Records that the views show.

        rejects: Stretches of bytes that are not a record.

        pending_bytes: Length of the record that is still being written, in bytes.

        largest_record: In bytes.

        duplicate_of: The file with the same content, when that one is read instead.
    """

    file: Path
    live: bool
    size: int = 0
    reads: Path | None = None
    state: str = "sound"
    reason: str = ""
    content_hash: str = ""
    columns: tuple[str, ...] = NAMES
    unknown_columns: tuple[str, ...] = ()
    new_line: str = r"\r\n"
    layouts: tuple[int, ...] = ()
    records: int = 0
    rows: int = 0
    rejects: tuple[Reject, ...] = field(default=(), repr=False)
    pending_bytes: int = 0
    largest_record: int = 0
    duplicate_of: str = ""


def inspect(files: Iterable[LogFile], *, progress: Callable[[int, int], None] | None = None) -> list[Inspection]:
    """
    Return what is known of *files*, in their order.

    Args:
        files: The log files.

        progress: Called with the number of files done and of all files.
    """
    files = list(files)
    found = []
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for inspection in pool.map(_remembered, files):
            found.append(inspection)
            if progress:
                progress(len(found), len(files))
    return _name_duplicates(found)


def _remembered(file: LogFile) -> Inspection:
    """Return the inspection of *file* from the cache, or make it and remember it."""
    try:
        status = file.path.stat()
        version = f"{_FORMAT}|{file.path.resolve()}|{status.st_size}|{status.st_mtime_ns}|{status.st_ino}"
        key = hashlib.sha256(os.fsencode(version) + _ends_of(file.path, status.st_size)).hexdigest()[:32]
        cache = _cache_beside(file.path.parent)
        note, copy = cache / f"{key}.json", cache / f"{key}.csv"
        if note.is_file() and (known := _recall(note, file, copy)).reads and known.reads.is_file():
            return known
        inspection = _inspect(file, status.st_size, copy)
    except (OSError, EOFError, zlib.error, pa.ArrowException) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        return Inspection(file.path, file.live, state="unreadable", reason=reason)
    _write_whole(note, json.dumps(asdict(inspection), default=str).encode())
    return inspection


def _inspect(file: LogFile, size: int, copy: Path) -> Inspection:
    content = read_content(file)
    known = Inspection(file.path, file.live, size=size, content_hash=hashlib.sha256(content).hexdigest())
    columns = _columns_of(content)
    widths = LAYOUTS if columns == NAMES else (len(columns),)
    known = replace(known, columns=columns, unknown_columns=tuple(c for c in columns if c not in NAMES))
    shape = _Shape(content, columns, widths)
    damage = shape.damage(live=file.live)
    if not damage:
        rows, layouts = shape.rows()
        return replace(
            known,
            reads=file.path,
            new_line=shape.new_line,
            layouts=layouts,
            records=rows,
            rows=rows,
            largest_record=shape.largest_record,
        )
    mended = repair(content, columns=columns, widths=widths, live=file.live)
    only_pending = mended.pending_bytes > 0 and not mended.rejects
    _write_whole(copy, b"".join(mended.records))
    return replace(
        known,
        reads=copy,
        state="sound" if only_pending else "repaired",
        reason="" if only_pending else damage,
        layouts=mended.layouts,
        records=len(mended.records) + len(mended.rejects) + bool(mended.pending_bytes),
        rows=len(mended.records),
        rejects=mended.rejects,
        pending_bytes=mended.pending_bytes,
        largest_record=max(map(len, mended.records), default=0),
    )


def read_content(file: LogFile) -> bytes:
    """
    Return the decompressed content of *file*.

    Raises:
        OSError, EOFError, zlib.error, pyarrow.ArrowException: It cannot be read to its end.
    """
    match file.compression:
        case "gzip":
            with gzip.open(file.path, "rb") as stream:
                return stream.read()
        case "zstd":
            with pa.input_stream(str(file.path), compression="zstd") as stream:
                return bytes(stream.read())
        case _:
            return file.path.read_bytes()


def _columns_of(content: bytes) -> tuple[str, ...]:
    """Return the columns by position: the logger's, or those of a first record that names others."""
    first = content.removeprefix(_BOM)[:4096].decode("utf-8", "replace").splitlines()[:1]
    cells = [cell.strip() for cell in next(csv.reader(first), [])]
    is_header = len(cells) > 1 and len(set(cells) & set(NAMES)) * 2 > len(cells)
    if not is_header or (len(cells) in LAYOUTS and tuple(cells) == NAMES[: len(cells)]):
        return NAMES
    if repeated := [name for name, count in Counter(cells).items() if count > 1]:
        raise OSError(f"the header names {repeated[0]} twice")
    return tuple(cells)


class _Shape:
    """The positions of the bytes that give a CSV file its shape."""

    def __init__(self, content: bytes, columns: tuple[str, ...], widths: tuple[int, ...]) -> None:
        self._content = content
        self._bytes = np.frombuffer(content, np.uint8)
        self._widths = widths
        self._record_start = record_start_of(columns)
        self._quotes = self._where('"')
        line_feeds = self._outside(self._where("\n"))
        ends = line_feeds
        if content and not content.endswith(b"\n"):
            ends = np.append(ends, len(content))
        starts = np.concatenate(([0], ends[:-1] + 1)) if ends.size else ends
        if content.startswith(_BOM) and starts.size:
            starts[0] = len(_BOM)
        crlf = self._at(ends - 1) == ord("\r")
        filled = ends - starts > crlf
        self._starts, self._ends = starts[filled], ends[filled]
        # Before an end without a line feed stands no line break at all. Blank lines count: DuckDB stops at one
        # that does not end as the records do.
        self._terminators = set(np.unique(crlf[ends < len(content)]).tolist())
        marker = header_of(columns)
        header = np.zeros(self._starts.size, bool)
        first_bytes = tuple((columns[0].encode()[:1] or b",") + b'"')
        for record in np.flatnonzero(np.isin(self._at(self._starts), first_bytes)):
            header[record] = marker.match(content, int(self._starts[record])) is not None
        self._header = header
        commas = self._outside(self._where(","))
        self._cells = np.searchsorted(commas, self._ends) - np.searchsorted(commas, self._starts) + 1

    @property
    def new_line(self) -> str:
        """What ends a record, in DuckDB's spelling."""
        return r"\n" if self._terminators == {False} else r"\r\n"

    @property
    def largest_record(self) -> int:
        """In bytes."""
        return int((self._ends - self._starts).max(initial=0))

    def rows(self) -> tuple[int, tuple[int, ...]]:
        """Return how many records are not headers, and their widths."""
        widths = self._cells[~self._header]
        return int(widths.size), tuple(np.unique(widths).tolist())

    def damage(self, *, live: bool) -> str:
        """Return why the file is not sound, or an empty string."""
        content = self._content
        if b"\0" in content:
            return "NUL bytes"
        if self._quotes.size % 2:
            return "a quote that is never closed"
        if not self._quotes_at_edges():
            return "a quote inside a cell"
        if len(self._terminators) > 1:
            return "two kinds of line break"
        if self._bare_carriage_return():
            return "a carriage return alone"
        if not np.isin(self._cells[~self._header], self._widths).all():
            return "a record with more or fewer cells than any release writes"
        if self._record_inside_another():
            return "a record that starts inside another"
        if self._ends.size and self._ends[-1] == len(content) and (live or not self._last_is_whole()):
            return "a last record that is not complete"
        try:
            content.decode()
        except UnicodeDecodeError:
            return "bytes that are not UTF-8"
        return ""

    def _where(self, character: str) -> NDArray[np.int64]:
        positions: NDArray[np.int64] = np.flatnonzero(self._bytes == ord(character))
        return positions

    def _at(self, positions: NDArray[np.int64]) -> NDArray[np.uint8]:
        """Return the bytes at *positions*; 0 outside the file."""
        inside = (positions >= 0) & (positions < self._bytes.size)
        found = np.zeros(positions.size, np.uint8)
        found[inside] = self._bytes[positions[inside]]
        return found

    def _outside(self, positions: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return those of *positions* that stand outside quotes."""
        outside: NDArray[np.int64] = positions[np.searchsorted(self._quotes, positions) % 2 == 0]
        return outside

    def _quotes_at_edges(self) -> bool:
        """Whether every quoted stretch fills a cell, or touches the next one (a doubled quote)."""
        opening, closing = self._quotes[::2], self._quotes[1::2]
        before, after = self._at(opening - 1), self._at(closing + 1)
        opens = np.isin(before, (ord(","), ord("\n"), ord('"'))) | (opening == 0)
        opens |= opening == len(_BOM) if self._content.startswith(_BOM) else False
        closes = np.isin(after, (ord(","), ord("\r"), ord("\n"), ord('"'))) | (closing == self._bytes.size - 1)
        return bool(opens.all() and closes.all())

    def _bare_carriage_return(self) -> bool:
        returns = self._outside(self._where("\r"))
        followers = self._at(returns + 1)
        return bool(np.any(followers != ord("\n")))

    def _record_inside_another(self) -> bool:
        """Whether what only a record starts with stands, outside quotes, where no record starts."""
        if self._record_start is None:
            return False
        letters = self._where("T")
        dated = (self._at(letters - 3) == ord("-")) & (self._at(letters + 3) == ord(":"))
        starts = self._outside(letters[dated] - len("2026-01-19"))
        astray = np.setdiff1d(starts[starts > 0], self._starts)
        return any(self._record_start.match(self._content, int(start)) for start in astray)

    def _last_is_whole(self) -> bool:
        """Whether a last record without a line break has at least the width of the one before."""
        return bool(self._cells.size > 1 and self._cells[-1] >= self._cells[-2])


def _name_duplicates(inspections: list[Inspection]) -> list[Inspection]:
    """Mark all but the first of the files that hold the same bytes."""
    first: dict[str, Path] = {}
    named = []
    for inspection in inspections:
        original = first.setdefault(inspection.content_hash, inspection.file)
        if inspection.rows and original != inspection.file:
            inspection = replace(inspection, state="duplicate", reads=None, duplicate_of=str(original))
        named.append(inspection)
    return named


def _cache_beside(folder: Path) -> Path:
    """Return the folder for notes and copies: in the data folder, else the user's cache."""
    own = folder / CACHE_NAME
    if os.access(own if own.is_dir() else folder, os.W_OK):
        own.mkdir(mode=0o700, exist_ok=True)
        return own
    return user_cache_path("bakame-duck", ensure_exists=True)


def _ends_of(path: Path, size: int) -> bytes:
    """Return the first and last bytes of a file, which tell a rewrite of the same size and time."""
    with path.open("rb") as stream:
        first = stream.read(_END_SIZE)
        stream.seek(max(size - _END_SIZE, 0))
        return first + stream.read()


def _recall(note: Path, file: LogFile, copy: Path) -> Inspection:
    """Return what *note* tells of *file*; where it lies is as it is named now, not as it was named then."""
    known = json.loads(note.read_bytes())
    copied = known["state"] == "repaired" or known["pending_bytes"]
    known |= {"file": file.path, "live": file.live, "reads": copy if copied else file.path}
    for name in ("columns", "unknown_columns", "layouts"):
        known[name] = tuple(known[name])
    known["rejects"] = tuple(Reject(**reject) for reject in known["rejects"])
    return Inspection(**known)


def _write_whole(path: Path, content: bytes) -> None:
    """Write *content* so that nobody ever sees a part of it under *path*."""
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".unfinished-", delete=False) as stream:
        try:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
            Path(stream.name).replace(path)
        except BaseException:
            Path(stream.name).unlink()
            raise
