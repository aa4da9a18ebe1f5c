"""
Take the intact records out of a damaged log file.

A process that was killed, or a full disk, leaves a torn record behind; the next
process appends to it. Quoting is then inside out for whoever reads on from the
start. So reading starts anew at the next bytes that can only be the start of a
record, and what lies between is a reject: kept, named, and never a row.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from bakame_duck.schema import NAMES

_STAMP = rb'\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[^,"\r\n\x00]{0,16}'
# Instant, phone number, session, module, interaction type: five cells that the logger never quotes.
RECORD_START = re.compile(_STAMP + rb',[^,"\r\n\x00]{0,32},[^,"\r\n\x00]{1,110},[^,"\r\n\x00]{0,60},[a-z_]{2,20},')
_CELL = rb'(?:"(?:[^"\x00]++|"")*+"|[^",\r\n\x00]*+)'
_RECORD = re.compile(_CELL + rb"(?:," + _CELL + rb")*+(?P<end>\r?\n|\Z)")
_QUOTED = re.compile(rb'"(?:[^"]++|"")*+"')
_BLANK = re.compile(rb"[\r\n]*")
_LINE_START = re.compile(rb"(?<=\n)[^\r\n]")
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class Reject:
    """
    Bytes that are not a record.

    Attributes:
        line: Where they start, the first line being 1.

        byte_offset: Where they start, the first byte being 0, after decompression.

        reason: Why they are not a record.

        raw: The bytes as text; what is not UTF-8 is escaped.
    """

    line: int
    byte_offset: int
    reason: str
    raw: str


@dataclass(frozen=True)
class Repaired:
    """
    A damaged file, taken apart.

    Attributes:
        records: Intact records as bytes, UTF-8, each ended by CRLF, in order, without headers.

        rejects: What lay between them, in order.

        pending_bytes: Length of a record that is still being written, in bytes.

        layouts: The widths of the records, in cells, each once, ascending.
    """

    records: tuple[bytes, ...]
    rejects: tuple[Reject, ...]
    pending_bytes: int
    layouts: tuple[int, ...]


def repair(content: bytes, *, columns: Sequence[str], widths: Sequence[int], live: bool) -> Repaired:
    """
    Take the intact records out of *content*.

    Args:
        content: The decompressed file.

        columns: Its columns by position; a record that repeats the first two is a header.

        widths: The widths that a record can have, in cells.

        live: Whether an incomplete last record is one that is still being written.
    """
    header, record_start = header_of(columns), record_start_of(columns)
    records: list[bytes] = []
    rejects: list[Reject] = []
    layouts: set[int] = set()
    pending, width_before = 0, max(widths)
    line, counted = 1, 0
    position = len(_BOM) if content.startswith(_BOM) else 0
    while (position := _after_blanks(content, position)) < len(content):
        record, reason = _record_at(content, position, widths, header, record_start, width_before)
        if record is not None and (record.endswith(b"\n") or not live):
            position += len(record)
            text = record.rstrip(b"\r\n")
            if not header.match(text):
                records.append(text.decode("utf-8", "replace").encode() + b"\r\n")
                width_before = _width(text)
                layouts.add(width_before)
            continue
        start = _next_start(content, position + 1, header, record_start)
        if live and start == len(content) and not content.endswith((b"\n", b"\0")):
            pending = len(content) - position
            break
        line, counted = line + content.count(b"\n", counted, position), position
        raw = content[position:start].decode("utf-8", "backslashreplace")
        rejects.append(Reject(line, position, reason, raw))
        position = start
    return Repaired(tuple(records), tuple(rejects), pending, tuple(sorted(layouts)))


def header_of(columns: Sequence[str]) -> re.Pattern[bytes]:
    """Return what a header starts with: the first two of *columns*, quoted or not."""
    first, second = (re.escape(name.replace('"', '""').encode()) for name in columns[:2])
    return re.compile(rb'(?:%b|"%b"),(?:%b|"%b")(?=[,\r\n]|\Z)' % (first, first, second, second))


def record_start_of(columns: Sequence[str]) -> re.Pattern[bytes] | None:
    """Return what only a record starts with, or None for columns in another order than the logger's."""
    return RECORD_START if tuple(columns[:5]) == NAMES[:5] else None


def _record_at(
    content: bytes,
    position: int,
    widths: Sequence[int],
    header: re.Pattern[bytes],
    record_start: re.Pattern[bytes] | None,
    width_before: int,
) -> tuple[bytes | None, str]:
    """Return the record at *position* with its line break, or None and why there is none."""
    match = _RECORD.match(content, position)
    if match is None:
        line = content[position:].split(b"\n", 1)[0]
        return None, "NUL bytes" if b"\0" in line else "torn, or a quote out of place"
    record = match[0]
    if header.match(record):
        return record, ""
    if record_start and record_start.search(_blanked(record), 1):
        return None, "torn, the next record glued behind it"
    if not match["end"] and _width(record) < width_before:
        return None, "torn at the end of the file"
    if _width(record) not in widths:
        return None, f"{_width(record)} cells"
    return record, ""


def _next_start(
    content: bytes, position: int, header: re.Pattern[bytes], record_start: re.Pattern[bytes] | None
) -> int:
    """Return where the next record or header starts at or after *position*, else the end."""
    match = (record_start or _LINE_START).search(content, position)
    following = match.start() if match else len(content)
    headers = (line.start() for line in _LINE_START.finditer(content, position, following))
    return next((start for start in headers if header.match(content, start)), following)


def _after_blanks(content: bytes, position: int) -> int:
    blank = _BLANK.match(content, position)
    return blank.end() if blank else position


def _blanked(record: bytes) -> bytes:
    """Return *record* with its quoted cells overwritten, so that only what is outside quotes shows."""
    return _QUOTED.sub(lambda cell: b"_" * len(cell[0]), record)


def _width(record: bytes) -> int:
    return _blanked(record).count(b",") + 1
