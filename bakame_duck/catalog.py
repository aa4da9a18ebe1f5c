"""
Make a DuckDB connection that knows the logs: files and ``sql/`` in, connection out.

Python generates three relations: ``log_cells``, every record as text; ``log_records``,
the same cast by the schema, from the mirror where there is one; and ``suspect_cells``,
the records of those files that hold a cell that does not fit. Everything above them is
one file of ``sql/`` each. Nothing here computes.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import accumulate
from pathlib import Path

import polars as pl
from duckdb import DuckDBPyConnection

from bakame_duck import reader, schema
from bakame_duck.inspection import Inspection, inspect
from bakame_duck.logs import find_auditions, find_health_checks, find_logs
from bakame_duck.mirror import can_hold, mirrors
from bakame_duck.reader import Piece, literal
from bakame_duck.scan import Progress
from bakame_duck.settings import Settings, load_settings

_SERVED = {"sound", "repaired"}
_LONGEST_CALL = timedelta(days=1)
_HELD = (  # a view, its instant; what is kept of earlier rows, and the view that tells it
    ("turns", "turn_at", "turn_timings", "turn_at, asr_ms, llm_ms, tts_ms, total_ms, error, error_stage"),
    ("calls", "started_at", "calls", "call_id, started_at, ended_at"),
)
_OFTEN_READ = ("turns", "objectives", "calls", "user_sessions")  # views, by the metrics
_OFTEN_CALLED = {  # functions, and what each gives
    "quantile_low(largest, observations, share)": "double",
    "quantile_high(largest, observations, share)": "double",
    "holds_phone_number(content)": "boolean",
    "holds_email_address(content)": "boolean",
    "holds_confirmed_name(content)": "boolean",
}


def connect(
    data: Path | str | Sequence[Path | str] | None = None,
    *,
    settings: Settings | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    mirror: bool | None = None,
    progress: Progress | None = None,
) -> DuckDBPyConnection:
    """
    Return a DuckDB connection with every view and metric over the logs in *data*.

    Args:
        data: The folder of the logs, or several; by default the one of the settings.

        settings: The objectives; by default those of the working folder.

        since: Open only files that can hold records from this instant on; without a zone it is UTC.
            What is opened is read whole: metrics and your own SQL still say which time they mean.

        until: Open only files that can hold records before this instant.

        mirror: Whether rotated logs are read from their mirror where ``bakame-duck refresh``, a report
            or the lab made one; by default as the settings say. The ledger and ``log_cells`` tell
            of the logs in either case.

        progress: Called with the number of bytes inspected and of all that have to be.

    Raises:
        DataFolderError: A folder is missing, or holds no log.

        CacheError: The repaired copy of a damaged log cannot be written.
    """
    settings = settings or load_settings()
    given = settings.data if data is None else data
    with ThreadPoolExecutor(1) as pool:  # binding the views takes as long as looking at thousands of known files
        opened = pool.submit(reader.open_connection)
        files, health_checks, auditions = find_logs(given), find_health_checks(given), find_auditions(given)
        con = opened.result()
        _create_tables(con, settings, health_checks, auditions)
        views = pool.submit(_create_views, con.cursor())
        inspections = inspect(con, files, progress=progress)
        _fill_ledger(con, inspections)
        parts = list(_parts(inspections, since and _utc(since), until and _utc(until)))
        mirrored = mirrors(part.file for part in parts) if (settings.mirror if mirror is None else mirror) else {}
        cells = _cells(parts)
        views.result()
    con.execute(f"create or replace view log_cells as {cells}")
    con.execute(f"create or replace view suspect_cells as {_cells([p for p in parts if p.piece.bad_cells])}")
    if mirrored:
        whole = [part.file for part in parts if part.file.content_hash in mirrored]
        plain = _cells([part for part in parts if part.file.content_hash not in mirrored])
        records = f"{_from_mirrors(whole, mirrored)} union all {_typed(f'({plain})')}"
        con.execute(f"create or replace view log_records as {records}")
    return con


def hold(con: DuckDBPyConnection, *, since: datetime, until: datetime, whole_since: datetime | None = None) -> None:
    """
    Keep the turns and calls of a time, and all callers, in memory, so that many metrics read the logs once.

    Metrics over any part of that time then give what they gave before, only faster; over other times
    they know no turn and no call. A call is taken to last less than a day.

    Args:
        con: A connection made by :func:`connect`.

        since: The instant from which turns and calls are kept; without a zone it is UTC.

        until: The instant before which they are.

        whole_since: The instant from which they are kept whole, by default all. Earlier ones cost a fifth:
            of a turn its instant, times and error are kept, of a call its name and instants, and all else is NULL.
    """
    logs = con.execute("select current_database()").fetchall()[0][0] + ".main"
    first, end = _utc(since) - _LONGEST_CALL, _utc(until) + _LONGEST_CALL
    whole = _utc(whole_since) if whole_since else first

    def keep(table: str, select: str, start: datetime) -> None:
        span = f"timestamp >= timestamp '{start - _LONGEST_CALL}' and timestamp < timestamp '{end}'"
        con.execute(f"create or replace temp view user_sessions as from {logs}.user_sessions where {span}")
        con.execute(f"create or replace temp table {table} as {select}")

    # A temporary relation is found before one of the same name, by views and macros too.
    con.execute(f"create or replace temp table callers as from {logs}.callers")
    for name, instant, view, columns in _HELD:
        keep(f"whole_{name}", f"from {logs}.{name} where {instant} >= timestamp '{whole}'", whole)
        earlier = f"{instant} >= timestamp '{first}' and {instant} < timestamp '{whole}'"
        keep(f"earlier_{name}", f"select {columns} from {logs}.{view} where {earlier}", first)
    con.execute("drop view temp.user_sessions")
    for name, *_ in _HELD:
        con.execute(f"create or replace temp view {name} as from whole_{name} union all by name from earlier_{name}")


def connect_empty() -> DuckDBPyConnection:
    """Return a connection with every view and metric, and no record in any of them."""
    con = reader.open_connection()
    _create_tables(con, Settings.model_construct(), [], [])
    _create_views(con.cursor())
    return con


def meaning(text: str) -> str:
    """Return the first sentence of the header comment of an SQL file."""
    header = " ".join(line.removeprefix("--").strip() for line in text.splitlines() if line.startswith("--"))
    return header.split(". ")[0].rstrip(".") + "."


def _create_views(own: DuckDBPyConnection) -> None:
    """Create every view and metric, with its comment; the logs are still to be named. What it is given is closed."""
    with own:  # and what is temporary in it ends with it
        for name in ("log_cells", "suspect_cells"):
            own.execute(f"create view {name} as {_cells([])}")
        own.execute(f"create view log_records as {_typed('log_cells')}")
        _create_commented(own, "views", "view")
        # DuckDB binds a macro when it is created: over stand-ins for what is long, several times as fast.
        for name in _OFTEN_READ:
            own.execute(f"create temp table {name} as from main.{name} limit 0")
        for call, gives in _OFTEN_CALLED.items():
            own.execute(f"create temp macro {call} as cast(null as {gives})")
        _create_commented(own, "metrics", "macro table")


def _create_commented(con: DuckDBPyConnection, folder: str, kind: str) -> None:
    texts = reader.sql_texts(folder).items()
    con.execute("\n".join(f"{text};\ncomment on {kind} {name} is {literal(meaning(text))};" for name, text in texts))


def _create_tables(
    con: DuckDBPyConnection,
    settings: Settings,
    health_checks: Iterable[Path],
    auditions: Iterable[Path],
) -> None:
    """Create what the views need beside the records: columns, targets, checks, auditions, and an empty ledger."""
    columns = pl.DataFrame(
        [
            (position, column.name, column.type, column.unit, column.meaning, column.example)
            for position, column in enumerate(schema.COLUMNS, start=1)
        ],
        schema=["position", "column_name", "column_type", "unit", "meaning", "example"],
        orient="row",
    )
    targets = pl.DataFrame(
        list(settings.objectives.model_dump().items()), schema=["objective", "target"], orient="row"
    ).cast({"target": pl.Float64})
    _create(con, "log_columns", columns)
    _create(con, "objective_targets", targets)
    _create(con, "health_check_lines", _health_check_lines(health_checks))
    _create(con, "audition_files", _audition_files(auditions))
    _create(con, "audition_cells", _audition_cells(auditions))
    for name, types in _LEDGER.items():
        _create(con, name, types.to_frame())


def _create(con: DuckDBPyConnection, name: str, frame: pl.DataFrame) -> None:
    con.register("frame", frame)
    con.execute(f"create table {name} as from frame")
    con.unregister("frame")


_LEDGER = {
    "inspected_files": pl.Schema(
        {
            "file": pl.String(),
            "state": pl.String(),
            "reason": pl.String(),
            "live": pl.Boolean(),
            "layouts": pl.String(),
            "size": pl.Int64(),
            "records": pl.Int64(),
            "accepted": pl.Int64(),
            "rejects": pl.Int64(),
            "pending_bytes": pl.Int64(),
            "bad_cells": pl.Int64(),
            "undated": pl.Int64(),
            "first_at": pl.Datetime("us"),
            "last_at": pl.Datetime("us"),
            "duplicate_of": pl.String(),
            "headers": pl.String(),
            "held_columns": pl.String(),
            "unknown_columns": pl.String(),
            "content_hash": pl.String(),
        }
    ),
    "inspected_rejects": pl.Schema(
        {
            "file": pl.String(),
            "line": pl.Int64(),
            "byte_offset": pl.Int64(),
            "size": pl.Int64(),
            "reason": pl.String(),
            "raw": pl.String(),
        }
    ),
    "undecodable_cells": pl.Schema(
        {"file": pl.String(), "row": pl.Int64(), "column_name": pl.String(), "value": pl.String()}
    ),
}


def _fill_ledger(con: DuckDBPyConnection, inspections: Sequence[Inspection]) -> None:
    as_json = cache(json.dumps)  # few layouts in thousands of files; and a text costs a tenth of what a list does
    rows: dict[str, list[tuple[object, ...]]] = {
        "inspected_files": [
            (
                _name(file.file),
                file.state,
                file.reason,
                file.live,
                as_json(file.layouts),
                file.size,
                file.records,
                file.rows,
                len(file.rejects),
                file.pending_bytes,
                file.bad_cells,
                file.undated,
                file.first_at,
                file.last_at,
                file.duplicate_of or None,
                as_json(file.headers),
                as_json(file.columns[: max(file.layouts, default=0)]),
                as_json(file.unknown_columns),
                file.content_hash or None,
            )
            for file in inspections
        ],
        "inspected_rejects": [
            (str(file.file), reject.line, reject.byte_offset, reject.size, reject.reason, reject.raw)
            for file in inspections
            if file.state in _SERVED
            for reject in file.rejects
        ],
        "undecodable_cells": [
            (str(file.file), cell.row, file.columns[cell.column], cell.raw)
            for file in inspections
            if file.state in _SERVED
            for cell in file.undecodable
        ],
    }
    for name, types in _LEDGER.items():
        columns = zip(*rows[name], strict=True) if rows[name] else [()] * len(types)
        series = [pl.Series(*column) for column in zip(types.names(), columns, types.dtypes(), strict=True)]
        con.register("frame", pl.DataFrame(series))
        con.execute(f"insert into {name} from frame")
        con.unregister("frame")


@dataclass(frozen=True)
class _Part:
    """A piece of a file, and how many of the file's records stand before it."""

    file: Inspection
    piece: Piece
    before: int


def _parts(inspections: Iterable[Inspection], since: datetime | None, until: datetime | None) -> Iterator[_Part]:
    """Yield what has to be opened for the time from *since* to before *until*."""
    for file in inspections:
        if file.state in _SERVED:
            before = accumulate((piece.rows for piece in file.pieces), initial=0)
            for piece, rows in zip(file.pieces, before, strict=False):
                if can_hold(piece, since, until):
                    yield _Part(file, piece, rows)


def _cells(parts: Sequence[_Part]) -> str:
    """Return the SELECT that gives every record of *parts* as text cells, with its file and its number there."""
    names = ", ".join(schema.NAMES)
    groups: dict[tuple[object, ...], list[_Part]] = {}
    for part in parts:
        if part.piece.path:
            groups.setdefault((part.file.columns, part.piece.new_line), []).append(part)
    selects = [_group(group) for group in groups.values()]
    if ends := ", ".join(literal(str(part.file.file)) for part in parts if part.piece.path is None):
        selects.append(f"select {names}, source_file, source_row from log_tails where source_file in ({ends})")
    if not selects:
        nothing = ", ".join(f"null::varchar as {name}" for name in schema.NAMES)
        selects.append(f"select {nothing}, null::varchar as source_file, null::bigint as source_row where false")
    return " union all ".join(selects)


def _group(parts: Sequence[_Part]) -> str:
    """Return the SELECT over *parts*, which share their columns and their line break."""
    files = reader.text_list(str(part.file.file) for part in parts)
    preceding = accumulate((part.piece.rows for part in parts), initial=0)
    before = ",".join(str(rows - part.before) for part, rows in zip(parts, preceding, strict=False))
    position = "cast(file_index as bigint) + 1"
    return f"""
        select
            {", ".join(schema.NAMES)},
            {files}[{position}] as source_file,
            row_number() over () - cast(string_split('{before}', ',') as bigint[])[{position}] as source_row
        from ({reader.cells([part.piece for part in parts], parts[0].file.columns)})
    """


def _typed(cells: str) -> str:
    """Return the SELECT that casts the text of *cells*, a view or a SELECT in parentheses."""
    return f"select {reader.typed_columns()}, source_file, source_row from {cells}"


def _from_mirrors(files: Sequence[Inspection], places: Mapping[str, str]) -> str:
    """Return the SELECT over the mirrors of *files*."""
    names = reader.text_list(str(file.file) for file in files)
    paths = reader.file_list(places[file.content_hash] for file in files)
    return f"""
        select {", ".join(schema.NAMES)}, {names}[cast(file_index as bigint) + 1] as source_file, source_row
        from (select *, file_index from read_parquet({paths}, hive_partitioning = false))
    """


def _utc(instant: datetime) -> datetime:
    return instant.astimezone(UTC).replace(tzinfo=None) if instant.tzinfo else instant


def _health_check_lines(paths: Iterable[Path]) -> pl.DataFrame:
    """Return every line of the health-check logs with its file; what is not UTF-8 becomes U+FFFD."""
    lines = [
        (line, str(path)) for path in paths for line in path.read_text(encoding="utf-8", errors="replace").split("\n")
    ]
    return pl.DataFrame(lines, schema={"line": pl.String, "source_file": pl.String}, orient="row")


def _name(path: Path) -> str:
    """Return *path* as text that DuckDB takes, even where a name is no UTF-8."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


_AUDITION = ("sample_id", "voice", "rate", "pitch", "style", "duration_ms", "file_size_bytes", "file_path", "file_url")
_AUDITION_CELLS = dict.fromkeys((*_AUDITION, "status", "source_file"), pl.String)


def _audition_files(paths: Iterable[Path]) -> pl.DataFrame:
    """Return every result of voice auditions, be it a CSV or not, with its size in bytes."""
    return pl.DataFrame(
        [(_name(path), path.stat().st_size) for path in paths],
        schema={"source_file": pl.String, "size": pl.Int64},
        orient="row",
    )


def _audition_cells(paths: Iterable[Path]) -> pl.DataFrame:
    """Return every row of the voice auditions as text, with its file; one that is no CSV or not to be read has none."""
    frames = [pl.DataFrame(schema=_AUDITION_CELLS)]
    for path in paths:
        with suppress(pl.exceptions.PolarsError, OSError):
            rows = pl.read_csv(
                path.read_bytes(),
                infer_schema=False,
                encoding="utf8-lossy",
                truncate_ragged_lines=True,
                raise_if_empty=False,
            )
            missing = [name for name in _AUDITION_CELLS if name not in rows.columns]
            rows = rows.with_columns(pl.lit(None, pl.String).alias(name) for name in missing)
            frames.append(rows.select(*_AUDITION_CELLS).with_columns(source_file=pl.lit(_name(path))))
    return pl.concat(frames)
