"""
Build the SELECTs over the records of log files.

Inspection results in, SQL text out: every record as text cells, the same records typed, and where each came from.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate

from bakame_duck import schema
from bakame_duck.ingest import csv_reader
from bakame_duck.ingest.csv_reader import Piece, literal
from bakame_duck.ingest.inspection import READ_STATES, Inspection
from bakame_duck.timespan import overlaps


@dataclass(frozen=True)
class FilePiece:
    """A piece of a file, and the number of the file's records before it."""

    file: Inspection
    piece: Piece
    before: int


def pieces_in_range(
    inspections: Iterable[Inspection], since: datetime | None, until: datetime | None
) -> Iterator[FilePiece]:
    """Yield the pieces that can contain records from *since* to before *until*, both naive UTC."""
    for file in inspections:
        if file.state in READ_STATES:
            before = accumulate((piece.rows for piece in file.pieces), initial=0)
            for piece, rows in zip(file.pieces, before, strict=False):
                if overlaps(piece.first_at, piece.last_at, since, until):
                    yield FilePiece(file, piece, rows)


def cells_select(pieces: Sequence[FilePiece]) -> str:
    """Return the SELECT of every record of *pieces* as text cells, with its file and its number in that file."""
    names = ", ".join(schema.NAMES)
    groups: dict[tuple[object, ...], list[FilePiece]] = {}
    for item in pieces:
        if item.piece.path:
            groups.setdefault((item.file.columns, item.piece.new_line), []).append(item)
    selects = [_group_select(group) for group in groups.values()]
    if tails := ", ".join(literal(str(item.file.file)) for item in pieces if item.piece.path is None):
        selects.append(
            f"select {names}, source_file, source_row from internal.log_tails where source_file in ({tails})"
        )
    if not selects:
        nothing = ", ".join(f"null::varchar as {name}" for name in schema.NAMES)
        selects.append(f"select {nothing}, null::varchar as source_file, null::bigint as source_row where false")
    return " union all ".join(selects)


def typed_select(cells: str) -> str:
    """Return the SELECT that casts the text of *cells*, a view or a SELECT in parentheses."""
    return f"select {csv_reader.typed_columns()}, source_file, source_row from {cells}"


def mirror_select(logs: Sequence[tuple[str, str]]) -> str:
    """Return the SELECT of the records in the mirrors of *logs*, pairs of a log's path and its mirror's."""
    if not logs:
        return f"{typed_select('internal.log_cells')} where false"
    files, mirrors = zip(*logs, strict=True)
    return f"""
        select
            {", ".join(schema.NAMES)},
            {csv_reader.text_list(files)}[cast(file_index as bigint) + 1] as source_file,
            source_row
        from (select *, file_index from read_parquet({csv_reader.file_list(mirrors)}, hive_partitioning = false))
    """


def _group_select(pieces: Sequence[FilePiece]) -> str:
    """Return the SELECT over *pieces*, which have the same columns and the same line break."""
    files = csv_reader.text_list(str(item.file.file) for item in pieces)
    preceding = accumulate((item.piece.rows for item in pieces), initial=0)
    before = ",".join(str(rows - item.before) for item, rows in zip(pieces, preceding, strict=False))
    position = "cast(file_index as bigint) + 1"
    return f"""
        select
            {", ".join(schema.NAMES)},
            {files}[{position}] as source_file,
            row_number() over () - cast(string_split('{before}', ',') as bigint[])[{position}] as source_row
        from ({csv_reader.cells([item.piece for item in pieces], pieces[0].file.columns)})
    """
