"""
Say whether a log file is sound, and what is in it.

A sound file is read where it lies; from any other a repaired copy is made, and read
instead. Records are counted here from the bytes (``shape``, ``repair``) and again by
DuckDB, every column read: a file on which the two disagree is not read at all.

What was found is remembered in the cache, once for each version of a file. Of the live
file all that is proven is kept in parts, and a new look starts behind them; its end, in
which a record may still be growing, is copied into the connection. The logs themselves
are opened for reading only, and a stretch at a time.
"""

from __future__ import annotations

import gc
import hashlib
import os
import stat
import tempfile
import zlib
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import IO

import duckdb
import pyarrow as pa
from duckdb import DuckDBPyConnection
from pydantic import SkipValidation, TypeAdapter, ValidationError
from pydantic_core import from_json

from bakame_duck.cache import Cache
from bakame_duck.errors import CacheError
from bakame_duck.ingest import csv_reader
from bakame_duck.ingest.csv_reader import Piece
from bakame_duck.ingest.files import LogFile, folder_of
from bakame_duck.ingest.record_format import RecordFormat, detect_format
from bakame_duck.ingest.repair import Reject, Undecodable
from bakame_duck.ingest.scanner import CHUNK_SIZE, Progress, ProgressCounter, ScanState, open_log, scan
from bakame_duck.schema import COLUMNS, NAMES

READ_STATES = frozenset({"sound", "repaired"})
"""States of files whose records are read."""

FORMAT = 7  # of what is remembered; raise it when an inspection would say something else
_PART = 4 << 20  # of the live file
_END_SIZE = 4096
_BEGINNING = 65_536  # by which the columns are known
_TYPED = {column.name for column in COLUMNS if column.type != "VARCHAR"}
_AT_ONCE = 64  # files that DuckDB reads in one query


@dataclass(frozen=True)
class Inspection:
    """
    What is known of one version of a log file.

    Attributes:
        file: The log, as the user named its folder.

        live: Whether the logger may still be appending to it.

        size: In bytes, on disk.

        state: ``sound``, ``repaired``, ``duplicate`` or ``unreadable``.

        reason: Why it is not sound; empty when it is.

        content_hash: SHA-256 of the decompressed content, in hex; empty for a live file.

        content_size: In bytes, decompressed.

        columns: The columns by position: the logger's own, or those of the file's header.

        unknown_columns: Names in the header that are not in the schema.

        headers: The columns that any header in it names, in order.

        layouts: The widths of its records, in cells, each once, ascending.

        rows: Records that the views show.

        rejects: Stretches of bytes that are not a record.

        undecodable: Cells with bytes that are not UTF-8.

        pending_bytes: Length of the record that is still being written, in bytes.

        duplicate_of: The file with the same content, when that one is read instead.

        pieces: What is read for it, in order.
    """

    file: SkipValidation[Path]
    live: bool
    size: int = 0
    state: str = "sound"
    reason: str = ""
    content_hash: str = ""
    content_size: int = 0
    columns: tuple[str, ...] = NAMES
    unknown_columns: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()
    layouts: tuple[int, ...] = ()
    rows: int = 0
    rejects: tuple[Reject, ...] = field(default=(), repr=False)
    undecodable: tuple[Undecodable, ...] = field(default=(), repr=False)
    pending_bytes: int = 0
    duplicate_of: str = ""
    pieces: tuple[Piece, ...] = ()

    @property
    def folder(self) -> str:
        """The folder it lies in."""
        return folder_of(self.file)

    @property
    def records(self) -> int:
        """Records found: rows, rejects and the pending one; headers don't count."""
        return self.rows + len(self.rejects) + (self.pending_bytes > 0)

    @property
    def record_ranges(self) -> tuple[tuple[int, int], ...]:
        """The ranges of record numbers that are used, first and last; all of them."""
        return ((1, self.rows),)

    @property
    def first_at(self) -> datetime | None:
        """Its earliest instant, UTC."""
        return min((piece.first_at for piece in self.pieces if piece.first_at), default=None)

    @property
    def last_at(self) -> datetime | None:
        """Its latest instant, UTC."""
        return max((piece.last_at for piece in self.pieces if piece.last_at), default=None)

    @property
    def undated(self) -> int:
        """Rows without a usable instant."""
        return sum(piece.undated for piece in self.pieces)

    @property
    def bad_cells(self) -> int:
        """Cells that do not fit the type of their column, or are text with bytes that are not UTF-8."""
        undecodable = sum(self.columns[cell.column] not in _TYPED for cell in self.undecodable)
        return sum(piece.bad_cells for piece in self.pieces) + undecodable


@dataclass(frozen=True)
class _Proven:
    """The part of a live file that is proven and kept."""

    mark: str
    tally: ScanState
    pieces: tuple[Piece, ...]


_INSPECTION = TypeAdapter(Inspection)
_PROVEN = TypeAdapter(_Proven)


@dataclass(frozen=True)
class CachedInspections:
    """
    What is remembered of log files, before any is read.

    Attributes:
        files: The log files.

        folders: Their folders by name.

        found: What was found in this version of each file; None where it has to be looked at.
    """

    files: list[LogFile]
    folders: dict[str, _Folder]
    found: list[Inspection | None]


def load_cached(files: Iterable[LogFile]) -> CachedInspections:
    """Return what is remembered of *files*."""
    files = list(files)
    folders = {folder: _Folder(Cache(Path(folder))) for folder in {file.folder for file in files}}
    with _no_collection():
        found = [None if file.live else folders[file.folder].load_cached(file) for file in files]
    return CachedInspections(files, folders, found)


def inspect(
    con: DuckDBPyConnection, recalled: CachedInspections, *, progress: Progress | None = None
) -> list[Inspection]:
    """
    Return what is known of log files, in their order, after a look at those of which nothing is remembered.

    Args:
        con: A connection made by :func:`bakame_duck.ingest.csv_reader.open_connection`; the ends of live files
            become its table ``internal.log_tails``.

        recalled: The files, and what is remembered of them.

        progress: Called with the number of bytes inspected and of all that have to be.

    Raises:
        CacheError: A repaired copy cannot be written.
    """
    folders, found = recalled.folders, list(recalled.found)
    columns = ", ".join(f"{name} varchar" for name in NAMES)
    con.execute(f"create table internal.log_tails ({columns}, source_file varchar, source_row bigint)")
    new = [(place, file) for place, file in enumerate(recalled.files) if found[place] is None]
    seen = ProgressCounter(2 * sum(_size_of(file.path) for _, file in new), progress)
    pool = ThreadPoolExecutor(max(1, (os.cpu_count() or 1) - 1))  # a core is for DuckDB, which reads what was scanned
    with ExitStack() as ends, ExitStack() as work:
        work.callback(pool.shutdown, cancel_futures=True)
        waiting = deque(pool.submit(_look, file, folders[file.folder], ends, seen) for _, file in new)
        while waiting:
            looks = [waiting.popleft().result()]
            while waiting and len(looks) < _AT_ONCE and waiting[0].done():
                looks.append(waiting.popleft().result())
            batch, new = new[: len(looks)], new[len(looks) :]
            described = _described(con, [look.inspection for look in looks])
            for (place, file), look, inspection in zip(batch, looks, described, strict=True):
                found[place] = _remembered(con, replace(look, inspection=inspection), folders[file.folder])
                seen.add(_size_of(file.path))
            for folder in folders.values():
                folder.save()
    return _name_duplicates(con, [inspection for inspection in found if inspection])


@contextmanager
def _no_collection() -> Iterator[None]:
    """Hold the garbage collector off: among thousands of entries it would look for garbage again and again."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


@dataclass(frozen=True)
class _Look:
    """A new look at a file, and under which key to remember which part of it."""

    inspection: Inspection
    key: str = ""
    proven: _Proven | None = None


class _Folder:
    """What is remembered of the logs of one folder."""

    def __init__(self, cache: Cache) -> None:
        self.cache = cache
        self.entries = cache.load()
        self._new: dict[str, str] = {}

    def load_cached(self, file: LogFile) -> Inspection | None:
        """Return what was found in this version of a rotated *file*, where it lies as it is named now."""
        try:
            version = fingerprint(file)
            known = from_json(self.entries[version])
            path, pieces = file.path, known.get("pieces", ())
            if known.get("state") == "repaired":
                path = self.cache.folder / _copy_of(version)
                if pieces and not path.is_file():
                    return None
            for piece in pieces:
                piece["path"] = str(path)
            return _INSPECTION.validate_python(known | {"file": file.path})
        except (OSError, LookupError, TypeError, ValueError):  # not there, or not what this release would remember
            return None

    def proven(self, file: LogFile, stream: IO[bytes]) -> _Proven:
        """Return what is proven of the live *file*, which *stream* reads."""
        with suppress(KeyError, ValidationError):
            proven = _PROVEN.validate_json(self.entries[_live_key(file)])
            paths = [self.cache.folder / Path(piece.path).name for piece in proven.pieces if piece.path]
            if all(path.is_file() for path in paths) and proven.mark == _mark(stream, proven.tally.offset):
                pieces = zip(proven.pieces, map(str, paths), strict=True)
                return replace(proven, pieces=tuple(replace(piece, path=path) for piece, path in pieces))
        return _Proven("", ScanState(), ())

    def store(self, key: str, entry: bytes) -> None:
        self._new[key] = entry.decode()

    def save(self) -> None:
        if self._new:
            self.cache.store(self._new)
            self.entries |= self._new
            self._new = {}


def _look(file: LogFile, folder: _Folder, ends: ExitStack, seen: ProgressCounter) -> _Look:
    try:
        key = fingerprint(file)
        look = _look_at_live if file.live else _look_at_rotated
        return look(file, key, folder, ends, seen)
    except (OSError, EOFError, zlib.error, pa.ArrowException, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        return _Look(_unreadable(file, " ".join(reason.split()) or type(error).__name__))


def _unreadable(file: LogFile | Inspection, reason: str) -> Inspection:
    path = file.path if isinstance(file, LogFile) else file.file
    return Inspection(path, file.live, size=_size_of(path), state="unreadable", reason=reason)


def _size_of(path: Path) -> int:
    """Return the size of a file in bytes; 0 for what is none."""
    try:
        status = path.stat()
    except OSError:
        return 0
    return status.st_size if stat.S_ISREG(status.st_mode) else 0


def _look_at_rotated(file: LogFile, key: str, folder: _Folder, ends: ExitStack, seen: ProgressCounter) -> _Look:
    with open_log(file) as stream:
        form = detect_format(stream.read(_BEGINNING))
    digest, tally = hashlib.sha256(), ScanState()
    with open_log(file, seen) as stream:
        scan(stream, form, tally, live=False, each_block=digest.update)
    path, new_line = str(file.path), r"\n" if tally.line_breaks == {"\n"} else r"\r\n"
    if len(tally.line_breaks) > 1:
        tally.damage = tally.damage or "two kinds of line break"
    if tally.damage:
        path, new_line = str(folder.cache.folder / _copy_of(key)), r"\r\n"
        with folder.cache.new_file(_copy_of(key)) as new, new.open("wb") as copy, open_log(file) as stream:
            scan(stream, form, ScanState(), live=False, keep=lambda stretch, _: copy.write(stretch))
    inspection = _inspection(file, form, tally, tally.offset)
    pieces = (Piece(path, tally.rows, new_line, tally.largest_record),) if tally.rows else ()
    inspection = replace(inspection, content_hash=digest.hexdigest(), content_size=tally.offset, pieces=pieces)
    return _Look(inspection, key if fingerprint(file) == key else "")


def _look_at_live(file: LogFile, key: str, folder: _Folder, ends: ExitStack, seen: ProgressCounter) -> _Look:
    """Look at what was appended to the live *file*; key of the proven part is the path, for it only grows."""
    with open_log(file, seen) as stream:
        proven = folder.proven(file, stream)
        tally, end = deepcopy(proven.tally), bytearray()
        stream.seek(0)
        form = detect_format(stream.read(_BEGINNING))
        stream.seek(tally.offset)

        def keep(stretch: bytes, certain: bool) -> None:
            nonlocal proven
            end.extend(stretch)
            if len(end) >= _PART and certain:
                with suppress(CacheError):  # without room for its parts, the whole file is read at every look
                    proven = _part_kept(proven, tally, bytes(end), folder.cache)
                    end.clear()

        pending = scan(stream, form, tally, live=True, keep=keep)
        proven = replace(proven, mark=_mark(stream, proven.tally.offset))
    pieces = proven.pieces
    if rows := tally.rows - proven.tally.rows:
        pieces = (*pieces, Piece(_as_file(bytes(end), ends), rows, r"\r\n", tally.largest_record))
    size = tally.offset + pending
    inspection = _inspection(file, form, tally, size)
    inspection = replace(inspection, pending_bytes=pending, content_size=size, pieces=pieces)
    return _Look(inspection, _live_key(file), proven)


def _as_file(content: bytes, until: ExitStack) -> str:
    """Return a path at which DuckDB can read *content*: in memory where the system can, since it is callers' words."""
    if hasattr(os, "memfd_create") and Path("/proc/self/fd").is_dir():
        descriptor = os.memfd_create("end of a live log")
        until.callback(os.close, descriptor)
        with open(descriptor, "wb", closefd=False) as stream:
            stream.write(content)
        return f"/proc/self/fd/{descriptor}"
    file = until.enter_context(tempfile.NamedTemporaryFile(suffix=".csv"))  # noqa: SIM115 - *until* closes it
    file.write(content)
    file.flush()
    return file.name


def _part_kept(proven: _Proven, tally: ScanState, part: bytes, cache: Cache) -> _Proven:
    name = f"{hashlib.sha256(part).hexdigest()[:32]}.csv"
    with cache.new_file(name) as path:
        path.write_bytes(part)
    rows = tally.rows - proven.tally.rows
    piece = Piece(str(cache.folder / name), rows, r"\r\n", tally.largest_record)
    return _Proven("", deepcopy(tally), (*proven.pieces, piece) if rows else proven.pieces)


def _inspection(file: LogFile, form: RecordFormat, tally: ScanState, size: int) -> Inspection:
    return Inspection(
        file.path,
        file.live,
        size=size if file.compression == "none" else file.path.stat().st_size,
        state="repaired" if tally.damage else "sound",
        reason=tally.damage,
        columns=form.columns,
        unknown_columns=tuple(name for name in form.columns if name not in NAMES),
        headers=tuple(tally.headers),
        layouts=tuple(sorted(tally.layouts)),
        rows=tally.rows,
        rejects=tuple(tally.rejects),
        undecodable=tuple(tally.undecodable),
    )


def _described(con: DuckDBPyConnection, inspections: Sequence[Inspection]) -> list[Inspection]:
    """Return *inspections* with what DuckDB finds in their pieces; where it finds other rows, nothing is read."""
    waiting = [
        (inspection.columns, piece)
        for inspection in inspections
        for piece in inspection.pieces
        if piece.first_at is None and not piece.undated
    ]
    waiting.sort(key=lambda item: (item[0], item[1].new_line))
    described: dict[str | None, Piece] = {}
    for (columns, _), items in groupby(waiting, key=lambda item: (item[0], item[1].new_line)):
        group = [piece for _, piece in items]
        try:
            described |= {piece.path: piece for piece in csv_reader.described(con, group, columns)}
        except duckdb.Error:
            for piece in group:
                with suppress(duckdb.Error):
                    described[piece.path] = csv_reader.described(con, [piece], columns)[0]
    found = []
    for inspection in inspections:
        pieces = tuple(
            piece if piece.first_at or piece.undated else described.get(piece.path, replace(piece, rows=0))
            for piece in inspection.pieces
        )
        rows = sum(piece.rows for piece in pieces)
        if rows == inspection.rows:
            found.append(replace(inspection, pieces=pieces))
        else:
            found.append(_unreadable(inspection, f"{inspection.rows} records, of which DuckDB reads {rows}"))
    return found


def _remembered(con: DuckDBPyConnection, look: _Look, folder: _Folder) -> Inspection:
    """Return the inspection of *look* after remembering what will still hold at the next."""
    inspection = look.inspection
    if not look.key or inspection.state == "unreadable":
        return inspection
    if not inspection.live:
        folder.store(look.key, _INSPECTION.dump_json(inspection, exclude={"file"}, exclude_defaults=True))
        return inspection
    proven = look.proven or _Proven("", ScanState(), ())
    parts, end = inspection.pieces[: len(proven.pieces)], inspection.pieces[len(proven.pieces) :]
    folder.store(look.key, _PROVEN.dump_json(replace(proven, pieces=parts)))
    for piece in end:
        names = ", ".join(NAMES)
        con.execute(
            f"""
            insert into internal.log_tails
            select {names}, $1, $2 + row_number() over () from ({csv_reader.cells([piece], inspection.columns)})
            """,
            [str(inspection.file), proven.tally.rows],
        )
    return replace(inspection, pieces=parts + tuple(replace(piece, path=None) for piece in end))


def _name_duplicates(con: DuckDBPyConnection, inspections: list[Inspection]) -> list[Inspection]:
    """Mark all but the first of the files that hold the same bytes."""
    first: dict[str, Inspection] = {}
    sizes = Counter(inspection.content_size for inspection in inspections if inspection.records)
    named = []
    for inspection in inspections:
        digest = inspection.content_hash
        if inspection.live and sizes[inspection.content_size] > 1:
            digest = _hash_of_first(inspection.file, inspection.content_size)
        original = first.setdefault(digest, inspection) if digest and inspection.records else inspection
        if original is not inspection:
            if inspection.live:
                con.execute("delete from internal.log_tails where source_file = $1", [str(inspection.file)])
            inspection = replace(inspection, state="duplicate", duplicate_of=str(original.file))
        named.append(inspection)
    return named


def _hash_of_first(path: Path, size: int) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while size and (block := stream.read(min(size, CHUNK_SIZE))):
            digest.update(block)
            size -= len(block)
    return digest.hexdigest()


def clear_cache(
    folder: Path, files: Iterable[LogFile], inspections: Iterable[Inspection], others: Iterable[str]
) -> None:
    """
    Remove from the cache of *folder* what belongs to none of its logs.

    Args:
        folder: The folder of the logs.

        files: All of them.

        inspections: What is known of them.

        others: The names of other files in the cache that are still good.
    """
    keys = []
    for file in files:
        with suppress(OSError):
            keys.append(_live_key(file) if file.live else fingerprint(file))
    cache = Cache(folder)
    cache.clear([*others, *(Path(piece.path).name for file in inspections for piece in file.pieces if piece.path)])
    cache.retain(keys)


def fingerprint(file: LogFile) -> str:
    """
    Return a name for this version of *file*: its size, times, place on the disk, first and last bytes.

    Raises:
        OSError: It is not a file, or cannot be opened.
    """
    path = str(file.path)
    try:
        path.encode()
    except UnicodeEncodeError as error:
        raise OSError(0, "a name that is not UTF-8") from error
    try:
        status = os.stat(path)  # noqa: PTH116 - asked for thousands of files, as the descriptor below
    except FileNotFoundError as error:
        raise OSError(error.errno, "a link to a file that is not there") from error
    if not stat.S_ISREG(status.st_mode):
        raise OSError(0, "a folder" if stat.S_ISDIR(status.st_mode) else "not a file")
    version = f"{FORMAT}|{file.compression}|{status.st_size}|{status.st_mtime_ns}|{status.st_ctime_ns}|{status.st_ino}"
    descriptor = os.open(path, os.O_RDONLY)
    try:
        ends = os.pread(descriptor, _END_SIZE, 0)
        if status.st_size > _END_SIZE:
            ends += os.pread(descriptor, _END_SIZE, max(status.st_size - _END_SIZE, _END_SIZE))
    finally:
        os.close(descriptor)
    return hashlib.sha256(version.encode() + ends).hexdigest()[:32]


def _copy_of(version: str) -> str:
    return f"{version}.csv"


def _live_key(file: LogFile) -> str:
    return f"{FORMAT}|{file.path.name}"


def _mark(stream: IO[bytes], offset: int) -> str:
    """Return what tells whether the first *offset* bytes are those that were proven: their own first and last."""
    stream.seek(0)
    ends = stream.read(min(offset, _END_SIZE))
    stream.seek(max(offset - _END_SIZE, 0))
    return hashlib.sha256(ends + stream.read(min(offset, _END_SIZE))).hexdigest()
