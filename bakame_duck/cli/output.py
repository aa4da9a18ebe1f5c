"""Print rows to stdout; errors, notes and progress to stderr. Connect, with progress."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from bakame_duck.errors import CacheError, UsageError
from bakame_duck.formats import Format

if TYPE_CHECKING:
    import duckdb
    import polars as pl

stderr = Console(stderr=True, highlight=False)


def print_error(message: str, hint: str) -> None:
    """Print an error as two lines: what is wrong, and a hint."""
    stderr.print(f"[bold red]Error:[/] {escape(' '.join(message.split()))}", soft_wrap=True)
    stderr.print(f"[bold]Hint:[/] {escape(hint)}", soft_wrap=True)


def print_note(message: str, *, title: str = "Note") -> None:
    """Print one line to stderr that doesn't change the exit code."""
    stderr.print(f"[yellow]{title}:[/] {escape(message)}", soft_wrap=True)


@contextmanager
def progress_bar(description: str) -> Iterator[Callable[..., None]]:
    """Yield a callback (amount done, total, description) that draws a bar on stderr if that is a terminal."""
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=stderr, transient=True, disable=not stderr.is_terminal) as bar:
        task = bar.add_task(description, total=None)

        def advance(done: int, total: int, description: str = description) -> None:
            bar.update(task, description=description, completed=done, total=total)

        yield advance


def connect(folders: Sequence[Path], *, mirror: bool | None, name_skipped: bool = True) -> duckdb.DuckDBPyConnection:
    """
    Return a connection to the logs in *folders*, with progress on stderr.

    Args:
        folders: The folders of the logs.

        mirror: Whether to read rotated logs from their mirror; by default as the settings say.

        name_skipped: Whether to print a note for each file of which no record could be read.
    """
    from bakame_duck.catalog import connection

    with progress_bar("Inspecting logs") as progress:
        con = connection.connect(folders, mirror=mirror, progress=progress)
    if name_skipped:
        _print_skipped(con)
    return con


def _print_skipped(con: duckdb.DuckDBPyConnection) -> None:
    skipped = con.sql("select file, reason from ingest_files where state = 'unreadable' or (rows = 0 and rejects > 0)")
    for file, reason in skipped.fetchall():
        print_note(f"{file}: {reason}", title="Skipped")


def refresh_cache(folders: Sequence[Path]) -> None:
    """Write missing mirrors and rollups; if there is no space for them, print a note: logs are then read directly."""
    from bakame_duck.catalog.rollups import refresh

    try:
        with progress_bar("Mirroring logs") as progress:
            refresh(folders, progress=progress)
    except CacheError as error:
        print_note(str(error), title="Without a mirror")


def write(rows: duckdb.DuckDBPyRelation | pl.DataFrame, form: Format) -> None:
    """Write *rows* to stdout."""
    import polars as pl

    from bakame_duck import export

    if form is Format.PARQUET and sys.stdout.isatty():
        raise UsageError(
            "Refusing to write Parquet to a terminal", hint="Redirect it: … --format parquet > rows.parquet"
        )
    frame = rows if isinstance(rows, pl.DataFrame) else export.to_frame(rows)
    try:
        export.write_rows(frame, form, sys.stdout.buffer)
        sys.stdout.flush()
    except BrokenPipeError:  # the reader, such as head, has closed the pipe; typer would report a failure
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
