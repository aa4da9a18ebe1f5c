"""
Prove from the bytes alone that a stretch of a log is sound.

Sound is what Python's ``csv.writer`` gives: every quote opens and closes at the edge
of a cell, every record starts with an instant and is as wide as one of the logger's
layouts, and no record starts in the middle of another. DuckDB has no part in it, so
that its count of rows can be held against this one.

All work is done on the positions of quotes and line breaks, and on counts of commas, in numpy arrays.
"""

from __future__ import annotations

import threading

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from bakame_duck.ingest.record_format import BOM, RecordFormat, header_cells

_QUOTE, _COMMA, _LINE_FEED, _RETURN = b'",\n\r'
_UNDATED, _GLUED = DOUBTS = ("a record that does not start with an instant", "a record that starts inside another")
"""Reasons to look closer, which prove nothing: a sound file can hold such cells."""
_T = len("2026-01-19")  # where the T stands in an instant


class ChunkValidator:
    """
    The shape of a stretch of a log that begins where a record does.

    Args:
        content: The bytes.

        form: The form of the file's records.

        at_start: Whether the file starts with *content*, so that a byte order mark may stand before the first record.

        to_end: Whether the file ends with *content*, so that a last record may lack its line break.

    Attributes:
        covered: How many bytes the whole records take; what is left belongs to the next stretch.

        lines: How many line feeds stand in them.
    """

    def __init__(self, content: bytes, form: RecordFormat, *, at_start: bool, to_end: bool) -> None:
        self._content, self._form, self._to_end = content, form, to_end
        self._mark = len(BOM) if at_start and content.startswith(BOM) else 0
        self._bytes = np.frombuffer(content, np.uint8)
        self._flags = _flags(len(content))
        positions = np.flatnonzero(self._marks())
        kinds = self._bytes[positions]
        quotes = np.flatnonzero(kinds == _QUOTE)
        outside = _alternating(np.diff(quotes, prepend=0, append=kinds.size))
        feeds = np.flatnonzero(outside & (kinds == _LINE_FEED))
        ends = positions[feeds]
        self._open = bool(quotes.size % 2)
        if to_end and not self._open and content and not content.endswith(b"\n"):
            feeds, ends = np.append(feeds, kinds.size - 1), np.append(ends, len(content))
        self.covered = min(int(ends[-1]) + 1, len(content)) if ends.size else 0
        last = int(feeds[-1]) + 1 if feeds.size else 0
        kinds, outside = kinds[:last], outside[:last]
        self.lines = int(np.count_nonzero(kinds == _LINE_FEED))
        self._quotes = positions[quotes[: np.searchsorted(quotes, last)]]
        self._returns = int(np.count_nonzero(outside & (kinds == _RETURN)))

        starts = np.concatenate(([0], ends[:-1] + 1)) if ends.size else ends
        if starts.size:
            starts[0] = self._mark
        crlf = (self._at(ends - 1) == _RETURN) & (ends < len(content))
        filled = ends - starts > crlf
        cells = 1 + np.diff(self._commas_before(ends), prepend=0)
        self._line_ends, self._crlf = ends[ends < len(content)], crlf[ends < len(content)]
        self._starts, self._ends = starts[filled], ends[filled]
        self._headers = self._find_headers()
        self._widths = np.delete(cells[filled], self._headers)

    @property
    def rows(self) -> int:
        """How many records are not headers."""
        return int(self._widths.size)

    @property
    def layouts(self) -> set[int]:
        """The widths of the records, in cells."""
        return set(np.flatnonzero(np.bincount(self._widths)).tolist()) if self._widths.size else set()

    @property
    def last_width(self) -> int | None:
        """The width of the last record, in cells."""
        return int(self._widths[-1]) if self._widths.size else None

    @property
    def largest_record(self) -> int:
        """In bytes."""
        return int((self._ends - self._starts).max(initial=0))

    @property
    def headers(self) -> list[tuple[str, ...]]:
        """The cells of every header."""
        return [header_cells(line) for line in self._header_lines()]

    @property
    def line_breaks(self) -> set[str]:
        r"""What ends a record or is a blank line: ``\r\n``, ``\n``, or both."""
        # Blank lines count: DuckDB stops at one that does not end as the records do.
        return {text for text, found in (("\r\n", self._crlf.any()), ("\n", not self._crlf.all())) if found}

    def damage(self, width_before: int) -> str:
        """
        Return why the covered stretch is not sound, or an empty string.

        Args:
            width_before: The width of the record before the stretch, in cells.
        """
        content, covered = self._content, self.covered
        if self._to_end and self._open:
            return "a quote that is never closed"
        if content.find(b"\0", 0, covered) >= 0:
            return "NUL bytes"
        if not self._quotes_at_edges():
            return "a quote inside a cell"
        if not all(self._form.is_header(header) for header in self._header_lines()):
            return "a damaged header"
        if self._returns != np.count_nonzero(self._crlf):
            return "a carriage return alone"
        if not np.isin(self._widths, self._form.widths).all():
            return "a record with more or fewer cells than any release writes"
        if self._cut_short(width_before):
            return "a last record that is not complete"
        if self._form.record_start and not self._records_start_with_instants():
            return _UNDATED
        if self._form.record_start and self._record_inside_another():
            return _GLUED
        if not _is_utf8(memoryview(content)[:covered]):
            return "bytes that are not UTF-8"
        return ""

    def with_crlf(self) -> bytes:
        """Return the covered stretch without its byte order mark, every record and blank line ended by CRLF."""
        content = self._content[: self.covered]
        if not self._crlf.all():
            content = np.insert(self._bytes[: self.covered], self._line_ends[~self._crlf], _RETURN).tobytes()
        if content and not content.endswith(b"\n"):
            content += b"\r\n"
        return content[self._mark :]

    def _marks(self) -> NDArray[np.bool_]:
        """Return which bytes are quotes, line breaks, or other control characters, which do no harm."""
        marks: NDArray[np.bool_] = self._flags[0]
        more = self._flags[1]
        np.less_equal(self._bytes, _RETURN, out=marks)
        marks |= np.equal(self._bytes, _QUOTE, out=more)
        return marks

    def _commas_before(self, ends: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return how many commas stand before each of the *ends* of lines, without those in quotes."""
        commas = np.equal(self._bytes, _COMMA, out=self._flags[0])
        opening, closing = self._quotes[::2], self._quotes[1::2]
        before_end, before_opening, before_closing = _number_before(commas, ends, opening, closing)
        quoted = np.append(0, np.cumsum(before_closing - before_opening))
        outside: NDArray[np.int64] = before_end - quoted[np.searchsorted(closing, ends)]
        return outside

    def _at(self, positions: NDArray[np.int64]) -> NDArray[np.uint8]:
        """Return the bytes at *positions*; beyond the stretch, its first or last byte."""
        return self._bytes.take(positions, mode="clip") if self._bytes.size else np.zeros(0, np.uint8)

    def _find_headers(self) -> NDArray[np.int64]:
        """Return which of the records are headers."""
        first = self._at(self._starts)
        first = np.where(first == _QUOTE, self._at(self._starts + 1), first)
        letter = (self._form.columns[0].encode() or b",")[0]
        candidates = np.flatnonzero((first == letter) | ((first == _QUOTE) if letter == _COMMA else False))
        header = self._form.header
        return np.array(
            [at for at in candidates.tolist() if header.match(self._content, int(self._starts[at]))], np.int64
        )

    def _header_lines(self) -> list[bytes]:
        return [self._content[self._starts[at] : self._ends[at]] for at in self._headers]

    def _quotes_at_edges(self) -> bool:
        """Whether every quoted stretch fills a cell, or touches the next one (a doubled quote)."""
        opening, closing = self._quotes[::2], self._quotes[1::2]
        before, after = self._at(opening - 1), self._at(closing + 1)
        opens = (before == _COMMA) | (before == _LINE_FEED) | (before == _QUOTE)
        opens |= opening == self._mark
        closes = (after == _COMMA) | (after == _RETURN) | (after == _LINE_FEED) | (after == _QUOTE)
        return bool(opens.all() and closes.all())

    def _records_start_with_instants(self) -> bool:
        starts = np.delete(self._starts, self._headers)
        starts = starts + (self._at(starts) == _QUOTE)
        dashes = (self._at(starts + 4) == ord("-")) & (self._at(starts + 7) == ord("-"))
        return bool((dashes & (self._at(starts + 13) == ord(":"))).all())

    def _record_inside_another(self) -> bool:
        """Whether what only a record starts with stands, outside quotes, where no record starts."""
        letters = self._flags[0, : self.covered]
        np.equal(self._bytes[: self.covered], ord("T"), out=letters)
        letters[:_T] = False
        letters[np.minimum(self._starts + _T, self.covered - 1)] = False
        places = np.flatnonzero(letters)
        astray = places[(self._at(places - 3) == ord("-")) & (self._at(places + 3) == ord(":"))] - _T
        outside = astray[np.searchsorted(self._quotes, astray) % 2 == 0]
        within = np.unique(np.searchsorted(self._starts, outside, side="right")) - 1
        bounds = zip(self._starts[within].tolist(), self._ends[within].tolist(), strict=True)
        return any(self._form.glued_start(self._content[start:end]) is not None for start, end in bounds)

    def _cut_short(self, width_before: int) -> bool:
        """Whether the file ends without a line break, and with fewer cells than the record before."""
        if not self._to_end or self._content.endswith(b"\n") or not self._widths.size:
            return False
        before = int(self._widths[-2]) if self._widths.size > 1 else width_before
        return bool(self._widths[-1] < before)


_kept = threading.local()


def _flags(length: int) -> NDArray[np.bool_]:
    """Return two rows of flags; a thread uses the same again and again, since new memory costs more than the work."""
    kept: NDArray[np.bool_] = getattr(_kept, "flags", np.empty((2, 0), np.bool_))
    if kept.shape[1] < length:
        kept = _kept.flags = np.empty((2, length), np.bool_)
    return kept[:, :length]


def _number_before(flags: NDArray[np.bool_], *places: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """Return how many of *flags* are set before each of the *places*, array by array."""
    packed = np.packbits(flags, bitorder="little")
    words = np.zeros(flags.size // 64 + 1, "<u8")
    words.view(np.uint8)[: packed.size] = packed
    before = np.append(0, np.cumsum(np.bitwise_count(words), dtype=np.int64))
    return [
        before[at >> 6] + np.bitwise_count(words[at >> 6] & ((np.uint64(1) << (at & 63).astype("<u8")) - np.uint64(1)))
        for at in places
    ]


def _alternating(lengths: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return stretches of True and False in turn, of the given *lengths*, True first."""
    return np.repeat(np.arange(lengths.size) % 2 == 0, lengths)


def _is_utf8(content: memoryview) -> bool:
    text = pa.Array.from_buffers(
        pa.large_string(), 1, [None, pa.py_buffer(np.array([0, len(content)])), pa.py_buffer(content)]
    )
    try:
        text.validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True
