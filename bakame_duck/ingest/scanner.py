"""
Go through a log a stretch at a time, and count what is in it.

A stretch that ``shape`` proves sound costs a glance; only one that it does not is taken
apart by ``repair``. Whatever the size of the file, a stretch or two are in memory. The
log is opened for reading only.
"""

from __future__ import annotations

import gzip
import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import IO, Any, cast

import pyarrow as pa

from bakame_duck.ingest.files import LogFile
from bakame_duck.ingest.record_format import RecordFormat
from bakame_duck.ingest.repair import Reject, RepairResult, Undecodable, repair
from bakame_duck.ingest.validator import DOUBTS, ChunkValidator

CHUNK_SIZE = 2 << 20  # a larger one leaves the processor's cache, with a smaller one threads wait for each other
MAX_RECORD_SIZE = 64 << 20  # an open quote that takes in more than this is torn

Progress = Callable[[int, int], None]


class ProgressCounter:
    """How many bytes of the new files were read here, and by DuckDB."""

    def __init__(self, total: int, progress: Progress | None) -> None:
        self._total, self._progress, self._done = total, progress, 0
        self._lock = Lock()

    def add(self, size: int) -> None:
        """Count *size* bytes more, and tell."""
        with self._lock:
            self._done = min(self._done + size, self._total)
            if self._progress and size:
                self._progress(self._done, self._total)


class _Raw(io.FileIO):
    """A log, opened for reading, that tells how much of it was read."""

    def __init__(self, path: Path, seen: ProgressCounter | None) -> None:
        super().__init__(path, "rb")
        self._seen = seen

    def readinto(self, buffer: Any) -> int | None:
        size = super().readinto(buffer)
        if self._seen:
            self._seen.add(size or 0)
        return size


@contextmanager
def open_log(file: LogFile, seen: ProgressCounter | None = None) -> Iterator[IO[bytes]]:
    """Give the decompressed content of *file* as a stream."""
    with _Raw(file.path, seen) as raw, io.BufferedReader(raw, CHUNK_SIZE) as plain:
        match file.compression:
            case "gzip":
                with gzip.open(plain) as stream:
                    yield cast(IO[bytes], stream)
            case "zstd":
                with pa.input_stream(plain, compression="zstd") as stream:
                    yield stream
            case _:
                yield plain


@dataclass
class ScanState:
    """What was found in a file up to ``offset``, where a record starts."""

    offset: int = 0
    lines: int = 0
    rows: int = 0
    width_before: int = 0
    largest_record: int = 0
    layouts: set[int] = field(default_factory=set)
    line_breaks: set[str] = field(default_factory=set)
    headers: dict[str, None] = field(default_factory=dict)
    rejects: list[Reject] = field(default_factory=list)
    undecodable: list[Undecodable] = field(default_factory=list)
    damage: str = ""

    def add_shape(self, shape: ChunkValidator) -> None:
        """Add a stretch that is sound."""
        self.offset += shape.covered
        self.lines += shape.lines
        self.rows += shape.rows
        self.width_before = shape.last_width or self.width_before
        self.largest_record = max(self.largest_record, shape.largest_record)
        self.layouts |= shape.layouts
        self.line_breaks |= shape.line_breaks
        self.headers |= dict.fromkeys(name for header in shape.headers for name in header)

    def add_mended(self, mended: RepairResult, lines: int, line_breaks: set[str]) -> None:
        """Add a stretch that was taken apart, of so many *lines*; *line_breaks* are those of one that proved whole."""
        self.offset += mended.taken
        self.lines += lines
        self.rows += len(mended.records)
        self.width_before = mended.last_width or self.width_before
        self.largest_record = max(self.largest_record, *map(len, mended.records), 0)
        self.layouts |= mended.layouts
        self.line_breaks |= line_breaks
        self.headers |= dict.fromkeys(name for header in mended.headers for name in header)
        self.rejects += mended.rejects
        self.undecodable += mended.undecodable


def scan(
    stream: IO[bytes],
    form: RecordFormat,
    tally: ScanState,
    *,
    live: bool,
    keep: Callable[[bytes, bool], object] | None = None,
    each_block: Callable[[bytes], object] | None = None,
) -> int:
    """
    Read *stream* to its end, from a record's start on, and return the length of the record that is still being written.

    Args:
        stream: A log.

        form: The form of its records.

        tally: What was found before, and is found now.

        live: Whether a record may still be written at its end.

        keep: Called with the records of every stretch, ended by CRLF, and whether more bytes could not change them.

        each_block: Called with all that is read.
    """
    waiting = b""
    while True:
        block = stream.read(max(CHUNK_SIZE, len(waiting)))
        if each_block:
            each_block(block)
        content, to_end = waiting + block, not block
        too_long = len(content) >= MAX_RECORD_SIZE
        shape = ChunkValidator(content, form, at_start=not tally.offset, to_end=to_end and not live)
        damage = shape.damage(tally.width_before)
        if not damage and shape.covered and not (to_end and live):
            tally.add_shape(shape)
            waiting = content[shape.covered :]
            if keep:
                keep(shape.with_crlf(), True)
        elif damage or to_end or too_long:
            mended = repair(
                content,
                form,
                to_end=to_end or too_long,
                live=live and to_end,
                offset=tally.offset,
                line=tally.lines + 1,
                row=tally.rows,
                width_before=tally.width_before,
            )
            waiting = content[mended.taken :]
            changed = mended.changed or damage not in {"", *DOUBTS}
            if changed:
                tally.damage = tally.damage or damage or "a quote that is never closed"
            breaks = set() if changed else shape.line_breaks
            tally.add_mended(mended, content.count(b"\n", 0, mended.taken), breaks)
            if keep:
                keep(b"".join(mended.records), mended.certain)
        else:
            waiting = content
        if to_end:
            return len(waiting)
