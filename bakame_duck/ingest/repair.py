"""
Take the intact records out of a damaged stretch of a log.

A process that was killed, or a full disk, leaves a torn record behind; the next
process appends to it. Quoting is then inside out for whoever reads on from the
start. So reading starts anew at the next bytes that can only be the start of a
record, and what lies between is a reject: kept, named, and never a row.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from bakame_duck.ingest.record_format import BOM, CELL, RECORD, RecordFormat, header_cells, names_columns, width_of

_OPEN_TO_THE_END = re.compile(rb'(?:%b,)*+"(?:[^"\x00]++|"")*+\Z' % CELL.pattern)
# A cell of a record with a quote out of place. A quote closes a cell only where the cell must end; "" is one quote
# in the first form, and may be two in the second. What opens and never closes is text.
_LOOSE_CELLS = (
    re.compile(rb'(?>"(?:[^"]++|""|"(?!,|\Z))*+"(?=,|\Z)|[^,\n]*+)'),
    re.compile(rb'(?>"(?:[^"]++|"(?!,|\Z))*+"(?=,|\Z)|[^,\n]*+)'),
)
_BLANK = re.compile(rb"[\r\n]*(?:%b[\r\n]*)*" % BOM)
_LINE_START = re.compile(rb"(?<=\n)[^\r\n]")
_OPEN_QUOTE, _STRAY_QUOTE = _MISQUOTED = ("torn inside a quote", "torn, or a quote out of place")
_LONGEST_RAW = 65_536  # of a reject's text, in bytes: a disk can leave gigabytes of NULs behind


@dataclass(frozen=True)
class Reject:
    """
    Bytes that are not a record.

    Attributes:
        line: Where they start, the first line being 1.

        byte_offset: Where they start, the first byte being 0, after decompression.

        size: How many they are.

        reason: Why they are not a record.

        raw: The first 64 KiB of them as text; what is not UTF-8 is escaped.
    """

    line: int
    byte_offset: int
    size: int
    reason: str
    raw: str


@dataclass(frozen=True)
class Undecodable:
    """
    A cell with bytes that are not UTF-8.

    Attributes:
        row: The number of its record in the file, the first being 1.

        column: The position of its column, the first being 0.

        raw: The cell as text; what is not UTF-8 is escaped.
    """

    row: int
    column: int
    raw: str


@dataclass
class RepairResult:
    """
    A damaged stretch, taken apart.

    Attributes:
        records: Intact records as bytes, UTF-8, each ended by CRLF, in order, without headers.

        rejects: What lay between them, in order.

        undecodable: Their cells that hold a U+FFFD now.

        headers: The cells of every header.

        layouts: The widths of the records, in cells.

        last_width: The width of the last of them, in cells.

        taken: How many bytes of the stretch this is; the rest belongs to a record that goes on.

        changed: Whether it is not the stretch itself, but for line breaks and headers.

        certain: Whether more bytes behind the stretch could not change any of it.
    """

    records: list[bytes] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    undecodable: list[Undecodable] = field(default_factory=list)
    headers: list[tuple[str, ...]] = field(default_factory=list)
    layouts: set[int] = field(default_factory=set)
    last_width: int | None = None
    taken: int = 0
    changed: bool = False
    certain: bool = True


class _GoesOn(Exception):  # noqa: N818 - not an error: the record at hand is longer than the stretch
    pass


def repair(
    content: bytes, form: RecordFormat, *, to_end: bool, live: bool, offset: int, line: int, row: int, width_before: int
) -> RepairResult:
    """
    Take the intact records out of *content*, which begins where a record does.

    Args:
        content: A stretch of the decompressed file.

        form: The form of the file's records.

        to_end: Whether the file ends with it.

        live: Whether a record may still be written at the file's end.

        offset: Where the stretch starts in the file, in bytes.

        line: The number of its first line.

        row: How many records stand before it.

        width_before: The width of the last of those, in cells.
    """
    mended = RepairResult(last_width=width_before)
    position = counted = 0
    while (blanks := _after_blanks(content, position)) < len(content):
        mended.changed |= BOM in content[position + (not offset) : blanks]
        mended.taken = position = blanks
        try:
            record, reason = _record_at(content, position, form, to_end, live, mended)
            if record is not None:
                position += len(record)
                mended.changed |= record.endswith(b"\r")
                _take(mended, record.rstrip(b"\r\n"), form, row)
                continue
            start = _next_start(content, position + 1, form)
            if start == len(content) and (not to_end or (live and not content.endswith((b"\n", b"\0")))):
                raise _GoesOn
        except _GoesOn:
            return mended
        mended.changed = True
        piece = content[position:start]
        loose = _loose_record(piece, form) if reason in _MISQUOTED else None
        at_the_end = start == len(content) and loose and width_of(loose) >= (mended.last_width or 0)
        if loose and (piece.endswith(b"\n") or at_the_end):
            _take(mended, loose, form, row)
        else:
            line, counted = line + content.count(b"\n", counted, position), position
            raw = piece[:_LONGEST_RAW].decode("utf-8", "backslashreplace")
            mended.rejects.append(Reject(line, offset + position, len(piece), reason, raw))
        position = start
    mended.taken = len(content)
    return mended


def _record_at(
    content: bytes, position: int, form: RecordFormat, to_end: bool, live: bool, mended: RepairResult
) -> tuple[bytes | None, str]:
    """
    Return the record at *position* with its line break, or None and why there is none.

    Raises:
        _GoesOn: It is not complete, and more bytes may come.
    """
    match = RECORD.match(content, position)
    if match is None:
        if _OPEN_TO_THE_END.match(content, position):
            if not to_end or (live and not _two_records_follow(content, position, form)):
                raise _GoesOn
            mended.certain = not live  # the quote may still close
            return None, _OPEN_QUOTE
        line_end = content.find(b"\n", position)
        nul = content.find(b"\0", position, line_end if line_end >= 0 else len(content))
        return None, "NUL bytes" if nul >= 0 else _STRAY_QUOTE
    record, complete = match[0], bool(match["end"])
    if not complete and (live or not to_end):
        raise _GoesOn
    if form.glued_start(record) is not None:
        return None, "torn, the next record glued behind it"
    if form.is_header(record):
        return record, ""
    if _is_like_a_header(record, form):
        return None, "a damaged header"
    width = width_of(record)
    if not complete and width < (mended.last_width or 0):
        return None, "torn at the end of the file"
    if width not in form.widths:
        return None, f"{width} cells"
    if form.record_start and form.record_start.search(record, 1) and not _goes_well(content, match.end(), form, to_end):
        return None, _OPEN_QUOTE
    return record, ""


def _goes_well(content: bytes, position: int, form: RecordFormat, to_end: bool) -> bool:
    """Whether a record follows, as it does after a cell that only quotes a record, but not after a torn one."""
    position = _after_blanks(content, position)
    if position == len(content):
        if not to_end:
            raise _GoesOn
        return True
    match = RECORD.match(content, position)
    if match is None:
        return _OPEN_TO_THE_END.match(content, position) is not None
    return not match["end"] or width_of(match[0]) in form.widths or form.is_header(match[0])


def _two_records_follow(content: bytes, position: int, form: RecordFormat) -> bool:
    """Whether two complete records stand in what an open quote took in: who writes a record does not write more."""
    for _ in range(2):
        position = _next_start(content, position + 1, form)
        match = RECORD.match(content, position)
        if match is None or not match["end"] or width_of(match[0]) not in form.widths:
            return False
        position = match.end() - 1
    return True


def _take(mended: RepairResult, text: bytes, form: RecordFormat, row: int) -> None:
    """Add a record, or header, without its line break."""
    if form.is_header(text):
        mended.headers.append(header_cells(text))
        return
    decoded = text.decode("utf-8", "replace")
    if decoded.encode() != text:
        mended.changed = True
        for column, cell in enumerate(map(_unquoted, _split(text, CELL))):
            if cell.decode("utf-8", "replace").encode() != cell:
                where = Undecodable(row + len(mended.records) + 1, column, cell.decode("utf-8", "backslashreplace"))
                mended.undecodable.append(where)
    mended.records.append(decoded.encode() + b"\r\n")
    mended.last_width = width_of(text)
    mended.layouts.add(mended.last_width)


def _loose_record(piece: bytes, form: RecordFormat) -> bytes | None:
    """
    Return a record with a quote out of place, quoted as it should be, or None.

    Its cells can be told when they are as many as a release writes.
    """
    text = piece.rstrip(b"\r\n")
    if b"\0" in text:
        return None
    for loose_cell in _LOOSE_CELLS:
        cells = _split(text, loose_cell)
        if len(cells) in form.widths:
            record = b",".join(map(_requoted, cells))
            return None if _is_like_a_header(record, form) else record
    return None


def _is_like_a_header(record: bytes, form: RecordFormat) -> bool:
    return form.header.match(record) is not None or names_columns(header_cells(record))


def _split(text: bytes, cell: re.Pattern[bytes]) -> list[bytes]:
    """Return the cells of *text*, or none when it is not made of them."""
    cells, position = [], 0
    while match := cell.match(text, position):
        cells.append(match[0])
        position = match.end() + 1
        if match.end() == len(text):
            return cells
        if text[match.end() : position] != b",":
            break
    return []


def _unquoted(cell: bytes) -> bytes:
    return cell[1:-1].replace(b'""', b'"') if len(cell) > 1 and cell[:1] == cell[-1:] == b'"' else cell


def _requoted(cell: bytes) -> bytes:
    text = _unquoted(cell)
    return b'"%b"' % text.replace(b'"', b'""') if re.search(rb'[",\r\n]', text) else text


def _next_start(content: bytes, position: int, form: RecordFormat) -> int:
    """Return where the next record or header starts at or after *position*, else the end."""
    match = (form.record_start or _LINE_START).search(content, position)
    following = match.start() if match else len(content)
    headers = (line.start() for line in _LINE_START.finditer(content, position, following))
    return next((start for start in headers if form.header.match(content, start)), following)


def _after_blanks(content: bytes, position: int) -> int:
    """Return where the next thing stands behind blank lines and byte order marks, which ``cat`` leaves inside."""
    blank = _BLANK.match(content, position)
    return blank.end() if blank else position
