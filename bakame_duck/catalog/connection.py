"""
Connect to the logs: a DuckDB connection with every view and metric over them.

Each relation above the records is one file in ``sql/``. Python creates those that name files: ``internal.log_cells``
(every record as text), ``internal.log_records`` (the same typed, from the mirror where there is one),
``internal.unrolled_records`` (those of logs that have no rollups), ``internal.suspect_cells`` (records of files with an
invalid cell) and the views over rollups. Nothing here computes.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

from duckdb import DuckDBPyConnection

from bakame_duck.catalog import ledger, rollups, template
from bakame_duck.catalog.records import FilePiece, cells_select, mirror_select, pieces_in_range, typed_select
from bakame_duck.ingest import mirror as mirrors
from bakame_duck.ingest.files import find_logs
from bakame_duck.ingest.inspection import inspect, load_cached
from bakame_duck.ingest.scanner import Progress
from bakame_duck.settings import Settings, load_settings
from bakame_duck.timespan import to_naive_utc


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
        data: The folder of the logs, or several; by default the one in the settings.

        settings: The objectives; by default those of the working folder.

        since: Open only files that can contain records from this instant on; without a zone it is UTC. These files are
            read whole, so metrics and your own SQL still state their range.

        until: Open only files that can contain records before this instant.

        mirror: Whether rotated logs are read from their mirror and rollups where ``bakame-duck refresh``, a report or
            the lab wrote them; by default as the settings say. The ledger describes the logs in either case.

        progress: Called with the number of bytes inspected, and of all that have to be.

    Raises:
        DataFolderError: A folder is missing, or contains no log.

        CacheError: The repaired copy of a damaged log cannot be written.
    """
    settings = settings or load_settings()
    folders = settings.data if data is None else data
    with ThreadPoolExecutor(1) as pool:  # overlaps DuckDB's start-up with Python's cache lookup
        opened = pool.submit(_without_logs, settings, folders)
        cached = load_cached(find_logs(folders))
        con = opened.result()
    inspections = inspect(con, cached, progress=progress)
    ledger.insert_ledger(con, inspections)
    pieces = list(pieces_in_range(inspections, since and to_naive_utc(since), until and to_naive_utc(until)))
    _create_views(con, pieces, mirror=settings.mirror if mirror is None else mirror)
    return con


def _without_logs(settings: Settings, folders: Path | str | Sequence[Path | str]) -> DuckDBPyConnection:
    con = template.from_template()
    ledger.insert_objectives(con, settings.objectives)
    ledger.insert_other_files(con, folders)
    return con


def _create_views(con: DuckDBPyConnection, pieces: Sequence[FilePiece], *, mirror: bool) -> None:
    """Create the views that name files."""
    logs = list({item.file.file: item.file for item in pieces}.values())
    mirrored = mirrors.with_mirror(logs) if mirror else []
    rolled = rollups.with_rollups(mirrored)

    def records_without(left_out: Sequence[object]) -> str:
        """Return the SELECT of the records of logs that are not *left_out*: from their mirror, or as text."""
        hashes = {id(log) for log in left_out}
        plain = [item for item in pieces if id(item.file) not in hashes and item.file not in mirrored]
        stored = [log for log in mirrored if id(log) not in hashes]
        selects = [typed_select(f"({cells_select(plain)})")]
        if stored:
            selects.append(mirror_select([(str(log.file), mirrors.mirror_path(log)) for log in stored]))
        return " union all ".join(selects)

    suspects = [item for item in pieces if item.piece.bad_cells]
    for name, select in {
        "log_cells": cells_select(pieces),
        "suspect_cells": cells_select(suspects),
        "log_records": records_without([]),
        "unrolled_records": records_without(rolled),
    }.items():
        con.execute(f"create or replace view internal.{name} as {select}")
    rollups.create_by_log_views(con, rolled)
