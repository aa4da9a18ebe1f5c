"""
What the records of a log look like, in bytes.

The columns of a file, how a header and a record start, how wide a record can be.
``shape`` and ``repair`` judge by it; nothing here reads a file.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile

from bakame_duck.schema import LAYOUTS, NAMES

_COLUMN_NAMES = re.compile(r"[^\W\d][\w .()/-]*(?:,[^\W\d][\w .()/-]*)*")
BOM = b"\xef\xbb\xbf"


def _quoted_or_not(cell: bytes) -> bytes:
    return rb'(?:%b|"%b")' % (cell, cell)


# Instant, phone number, session, module, interaction type: five cells without a comma, a quote or a line break.
_FIRST_CELLS = (
    rb'\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[^,"\r\n\x00]{0,16}',
    rb'[^,"\r\n\x00]{0,32}',
    rb'[^,"\r\n\x00]{1,110}',
    rb'[^,"\r\n\x00]{0,60}',
    rb"[a-z_]{2,20}",
)
_RECORD_START = re.compile(b"".join(_quoted_or_not(cell) + b"," for cell in _FIRST_CELLS))
CELL = re.compile(rb'(?:"(?:[^"\x00]++|"")*+"|[^",\r\n\x00]*+)')
RECORD = re.compile(rb"%b(?:,%b)*+(?:(?P<end>\r?\n)|\r?\Z)" % (CELL.pattern, CELL.pattern))
_QUOTED = re.compile(rb'"(?:[^"]++|"")*+"')


@dataclass(frozen=True)
class RecordFormat:
    """
    The form of a file's records.

    Attributes:
        columns: The columns by position: the logger's own, or those of the file's header.

        widths: How many cells a record can have.

        header: What any header starts with, damaged or not: the first two columns, quoted or not.

        record_start: What only a record starts with; None for columns in another order than the logger's.
    """

    columns: tuple[str, ...]
    widths: tuple[int, ...]
    header: re.Pattern[bytes]
    record_start: re.Pattern[bytes] | None

    def is_header(self, record: bytes) -> bool:
        """Whether *record* is a header, of whatever release, and nothing but a header."""
        if not self.header.match(record):
            return False
        cells = header_cells(record)
        return len(cells) <= len(self.columns) and set(cells) <= {*self.columns, *NAMES}

    def glued_start(self, record: bytes) -> int | None:
        """Return where another record starts inside *record*, outside its quotes, or None."""
        if self.record_start is None:
            return None
        blanked = _blanked(record)
        starts = (match.start() for match in self.record_start.finditer(blanked, 1))
        return next((start for start in starts if blanked.count(b",", start) + 1 in self.widths), None)


def detect_format(beginning: bytes) -> RecordFormat:
    """
    Return the form of the file that begins with *beginning*: the logger's, unless a header says otherwise.

    A header that is damaged says nothing: records that the logger wrote are read by their position.

    Raises:
        ValueError: The header names a column twice.
    """
    cells = header_cells(beginning.removeprefix(BOM))
    own = RecordFormat(NAMES, LAYOUTS, _header(NAMES), _RECORD_START)
    if not names_columns(cells) or (len(cells) in LAYOUTS and cells == NAMES[: len(cells)]):
        return own
    repeated = [name for name, count in Counter(cells).items() if count > 1]
    layouts = _layouts_of_own_records(beginning)
    if layouts and (layouts != {len(cells)} or _is_damaged(cells)):
        return own
    if repeated:
        raise ValueError(f"the header names {repeated[0]} twice")
    return RecordFormat(cells, (len(cells),), _header(cells), _RECORD_START if cells[:5] == NAMES[:5] else None)


def names_columns(cells: Sequence[str]) -> bool:
    """Whether more than half of *cells* are names of columns, as in a header."""
    return len(cells) > 1 and len(set(cells) & set(NAMES)) * 2 > len(cells)


def _layouts_of_own_records(content: bytes) -> set[int]:
    """Return the layouts of the records that start as the logger's do, if most of all records have one."""
    layouts, others, position = set(), 0, content.find(b"\n") + 1
    own = 0
    while position and position < len(content):
        record = RECORD.match(content, position)
        if record is None or not record["end"]:  # damaged, or cut off: on from the next line that starts a record
            lines = (line.end() for line in re.finditer(rb"\n", content[position:]))
            position = next((position + at for at in lines if _RECORD_START.match(content, position + at)), 0)
            continue
        width = width_of(record[0])
        if _RECORD_START.match(content, position) and width in LAYOUTS:
            layouts.add(width)
            own += 1
        elif width > 1 and not names_columns(header_cells(record[0])):
            others += 1
        position = record.end()
    return layouts if own > others else set()


def _is_damaged(cells: Sequence[str]) -> bool:
    """Whether a header is the logger's own but for one place, in which the names that belong there still show."""
    for width in LAYOUTS:
        before = _alike(cells, NAMES[:width])
        behind = _alike(cells[before:][::-1], NAMES[before:width][::-1])
        found = ",".join(cells[before : len(cells) - behind])
        belongs = ",".join(NAMES[before : width - behind])
        start = _alike(found, belongs)
        shared = start + _alike(found[start:][::-1], belongs[start:][::-1])
        shows = shared * 2 >= len(found) and shared >= min(3, len(found))
        if found and belongs and (shows or not _COLUMN_NAMES.fullmatch(found)):
            return True
    return False


def _alike(first: Sequence[str], second: Sequence[str]) -> int:
    """Return with how many equal items both begin."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(first, second, strict=False)))


def width_of(record: bytes) -> int:
    """Return how many cells *record* has."""
    return _blanked(record).count(b",") + 1


def _blanked(record: bytes) -> bytes:
    """Return *record* with its quoted cells overwritten, so that only what is outside quotes shows."""
    return _QUOTED.sub(lambda cell: b"_" * len(cell[0]), record)


def header_cells(line: bytes) -> tuple[str, ...]:
    """Return the cells of the header that *line* starts with."""
    first = line[:4096].decode("utf-8", "replace").splitlines()[:1]
    return tuple(cell.strip() for cell in next(csv.reader(first), []))


def _header(columns: Sequence[str]) -> re.Pattern[bytes]:
    first, second = (_quoted_or_not(re.escape(name.replace('"', '""').encode())) for name in columns[:2])
    return re.compile(rb"%b,%b(?=[,\r\n]|\Z)" % (first, second))
