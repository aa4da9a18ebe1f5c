"""
Make a DuckDB connection that knows the logs: files and ``sql/`` in, connection out.

Python generates two relations: ``log_cells``, every record as text, and
``log_records``, the same cast by the schema. Everything above them is one file of
``sql/`` each. Nothing here computes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from graphlib import TopologicalSorter
from itertools import accumulate, groupby
from pathlib import Path

import duckdb
import polars as pl
from duckdb import DuckDBPyConnection

from bakame_duck import schema
from bakame_duck.inspection import Inspection, inspect
from bakame_duck.logs import find_logs
from bakame_duck.resources import resource_folder
from bakame_duck.settings import Settings, load_settings

_LARGEST_RECORD = 2_097_152  # DuckDB's own default, in bytes


def connect(
    data: Path | str | Sequence[Path | str] | None = None,
    *,
    settings: Settings | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> DuckDBPyConnection:
    """
    Return a DuckDB connection with every view and metric over the logs in *data*.

    Args:
        data: The folder of the logs, or several; by default the one of the settings.

        settings: The objectives; by default those of the working folder.

        progress: Called with the number of files inspected and of all files.

    Raises:
        DataFolderError: A folder is missing, or holds no log.
    """
    settings = settings or load_settings()
    given = settings.data if data is None else data
    folders = [Path(given)] if isinstance(given, str | Path) else [Path(folder) for folder in given]
    inspections = inspect(find_logs(folders), progress=progress)
    health_checks = sorted(path for folder in folders for path in folder.glob("health_checks*.jsonl"))
    return _assemble(inspections, health_checks, settings)


def connect_empty() -> DuckDBPyConnection:
    """Return a connection with every view and metric, and no record in any of them."""
    return _assemble([], [], Settings.model_construct())


def _assemble(inspections: list[Inspection], health_checks: list[Path], settings: Settings) -> DuckDBPyConnection:
    con = duckdb.connect()
    con.execute("set TimeZone = 'UTC'")
    for text in _texts("functions"):
        con.execute(text)
    _create_tables(con, inspections, health_checks, settings)
    con.execute(f"create view log_cells as {_cells(inspections)}")
    typed = ", ".join(f"{column.typed} as {column.name}" for column in schema.COLUMNS)
    con.execute(f"create view log_records as select {typed}, source_file, source_row from log_cells")
    for folder in ("views", "metrics"):
        for text in _texts(folder):
            con.execute(text)
    for folder, kind in (("views", "view"), ("metrics", "macro table")):
        for path in (resource_folder("sql") / folder).glob("*.sql"):
            con.execute(f"comment on {kind} {path.stem} is {_literal(meaning(path.read_text()))}")
    return con


def meaning(text: str) -> str:
    """Return the first sentence of the header comment of an SQL file."""
    header = " ".join(line.removeprefix("--").strip() for line in text.splitlines() if line.startswith("--"))
    return header.split(". ")[0].rstrip(".") + "."


def _texts(folder: str) -> Iterator[str]:
    """Yield the SQL files of *folder*, each after those that it reads from or calls."""
    texts = {path.stem: path.read_text() for path in sorted((resource_folder("sql") / folder).glob("*.sql"))}
    used = re.compile(r"(?:from|join) (\w+)|(\w+)\(")
    for name in TopologicalSorter(
        {
            name: {use for pair in used.findall(text) for use in pair if use in texts} - {name}
            for name, text in texts.items()
        }
    ).static_order():
        yield texts[name]


def _create_tables(
    con: DuckDBPyConnection, inspections: list[Inspection], health_checks: list[Path], settings: Settings
) -> None:
    """Create what the views need and no log holds: the columns, the files, the targets, the health checks."""
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
    files = pl.DataFrame(
        [
            (
                str(file.file),
                file.state,
                file.reason,
                file.live,
                file.content_hash,
                file.size,
                list(file.layouts),
                file.records,
                file.rows,
                len(file.rejects),
                file.pending_bytes,
                file.duplicate_of or None,
                list(file.unknown_columns),
            )
            for file in inspections
        ],
        schema={
            "file": pl.String,
            "state": pl.String,
            "reason": pl.String,
            "live": pl.Boolean,
            "content_hash": pl.String,
            "size": pl.Int64,
            "layouts": pl.List(pl.Int64),
            "records": pl.Int64,
            "accepted": pl.Int64,
            "rejects": pl.Int64,
            "pending_bytes": pl.Int64,
            "duplicate_of": pl.String,
            "unknown_columns": pl.List(pl.String),
        },
        orient="row",
    )
    rejects = pl.DataFrame(
        [
            (str(file.file), reject.line, reject.byte_offset, reject.reason, reject.raw)
            for file in inspections
            for reject in file.rejects
        ],
        schema={
            "file": pl.String,
            "line": pl.Int64,
            "byte_offset": pl.Int64,
            "reason": pl.String,
            "raw": pl.String,
        },
        orient="row",
    )
    frames = {
        "log_columns": columns,
        "objective_targets": targets,
        "inspected_files": files,
        "inspected_rejects": rejects,
        "health_check_lines": _health_check_lines(health_checks),
    }
    for name, frame in frames.items():
        con.register("frame", frame)
        con.execute(f"create table {name} as from frame")
        con.unregister("frame")


def _cells(inspections: list[Inspection]) -> str:
    """Return the SELECT that gives every record as text cells, with its file and its number there."""
    read = [file for file in inspections if file.reads is not None and file.rows]
    if not read:
        nothing = ", ".join(f"null::varchar as {name}" for name in schema.NAMES)
        return f"select {nothing}, null::varchar as source_file, null::bigint as source_row where false"
    ordered = sorted(read, key=lambda file: (file.columns, file.new_line, file.live, str(file.file)))
    groups = groupby(ordered, key=lambda file: (file.columns, file.new_line))
    return " union all ".join(_group(list(files)) for _, files in groups)


def _group(files: list[Inspection]) -> str:
    r"""
    Return the SELECT over *files*, which share their columns and their line break.

    ``strict_mode`` stays unnamed on purpose: it is the default, and DuckDB 1.5 and 2.0
    read no row at all when it is named together with ``new_line='\r\n'``. The cells are named by
    position, so that no name in a header can clash with another or with DuckDB's own.
    """
    columns = files[0].columns
    cells = ", ".join(f"cell_{position}: 'VARCHAR'" for position in range(len(columns)))
    largest = max(_LARGEST_RECORD, *(2 * file.largest_record for file in files))
    reads = ", ".join(_literal(_escape_glob(str(file.reads))) for file in files)
    names = ", ".join(_literal(str(file.file)) for file in files)
    before = ", ".join(map(str, accumulate((file.rows for file in files[:-1]), initial=0)))
    known = ", ".join(
        f"cell_{columns.index(name)} as {name}" if name in columns else f"null::varchar as {name}"
        for name in schema.NAMES
    )
    position = "cast(file_index as bigint) + 1"
    is_header = " and ".join(
        f"cell_{position} is not distinct from {_literal(name) if name else 'null'}"
        for position, name in enumerate(columns[:2])
    )
    return f"""
        select
            {known},
            [{names}][{position}] as source_file,
            row_number() over () - [{before}][{position}] as source_row
        from (
            select *, file_index
            from read_csv(
                [{reads}],
                columns = {{{cells}}},
                auto_detect = false,
                header = false,
                parallel = false,
                null_padding = true,
                delim = ',',
                quote = '"',
                escape = '"',
                new_line = {_literal(files[0].new_line)},
                max_line_size = {largest}
            )
            where not ({is_header})
        )
    """


def _health_check_lines(paths: Iterable[Path]) -> pl.DataFrame:
    """Return every line of the health-check logs with its file; what is not UTF-8 becomes U+FFFD."""
    lines = [
        (line, str(path)) for path in paths for line in path.read_text(encoding="utf-8", errors="replace").split("\n")
    ]
    return pl.DataFrame(lines, schema={"line": pl.String, "source_file": pl.String}, orient="row")


def _escape_glob(path: str) -> str:
    """Return *path* so that DuckDB reads exactly that file."""
    return re.sub(r"([*?\[])", r"[\1]", path)


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
