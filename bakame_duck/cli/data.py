"""Mirror logs, show and clear the cache, and write sample logs."""

from __future__ import annotations

import json
from itertools import chain
from pathlib import Path
from typing import Annotated

import typer
from rich.filesize import decimal

from bakame_duck import timespan
from bakame_duck.cache import Cache, Usage, all_caches, old_cache
from bakame_duck.cli.options import Data, data_folders, log_folders
from bakame_duck.cli.output import progress_bar
from bakame_duck.errors import DataFolderError
from bakame_duck.formats import LedgerFormat
from bakame_duck.formatting import pluralize
from bakame_duck.settings import load_settings

cache_app = typer.Typer(no_args_is_help=True, help="Show or clear the cache of mirrors, rollups and repaired copies.")


def refresh(
    data: Data = None,
    since: Annotated[
        str | None,
        typer.Option(metavar="DAY|ISO", help="Only files with records from this day, or instant in UTC, on."),
    ] = None,
) -> None:
    """
    Write the mirror and rollups of rotated logs: Parquet files that are read many times faster.

    [dim]bakame-duck refresh --data logs/ --since 2026-01-01[/]
    """
    from bakame_duck.catalog import rollups

    first = None if since is None else timespan.parse_instant(since)
    with progress_bar("Mirroring logs") as progress:
        done = rollups.refresh(log_folders(data), since=first, progress=progress)
    print(
        f"{done.built} of {done.files} rotated logs mirrored: {done.rows:,} records, "
        f"{decimal(done.log_bytes)} of logs in {decimal(done.mirror_bytes)}"
    )


def make_sample(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="A folder without logs; created if it is missing.")],
    days: Annotated[int, typer.Option(min=1, help="Number of days.")] = 35,
    rows_per_day: Annotated[int, typer.Option(min=1, help="Approximate number of records a day.")] = 260,
    seed: Annotated[int, typer.Option(help="The same seed gives the same bytes.")] = 1,
) -> None:
    """
    Write synthetic logs with every oddity of the real ones.

    [dim]bakame-duck sample try/ --days 7 --rows-per-day 2000[/]
    """
    from bakame_duck.sample import logs

    with progress_bar("Writing days") as progress:
        paths = logs.write_sample(folder, days=days, rows_per_day=rows_per_day, seed=seed, progress=progress)
    for path in paths:
        print(path)


@cache_app.command("path")
def cache_path(data: Data = None) -> None:
    """
    Print the cache's folder, one line for each log folder.

    [dim]bakame-duck cache path --data logs/[/]
    """
    for cache in _caches(data):
        print(cache.folder)


@cache_app.command("info")
def cache_info(
    data: Data = None,
    form: Annotated[LedgerFormat, typer.Option("--format", help="Format of the list.")] = LedgerFormat.TABLE,
) -> None:
    """
    Show how many files the cache contains, and how large they are.

    [dim]bakame-duck cache info --data logs/[/]
    [dim]bakame-duck cache info --format json[/]
    """
    usages = {str(cache.folder): cache.usage() for cache in _caches(data)}
    limit = load_settings().cache_limit
    if form is LedgerFormat.JSON:
        rows = [
            {"folder": folder, "kind": kind, "files": usage.files, "bytes": usage.size}
            for folder, kinds in usages.items()
            for kind, usage in kinds.items()
        ]
        print(json.dumps({"files": rows, "bytes": _total(all_caches()).size, "limit": limit}, indent=1))
        return
    for folder, kinds in usages.items():
        print(folder)
        for kind, usage in kinds.items():
            print(f"  {kind:<16}{pluralize(usage.files, 'file'):>14}{decimal(usage.size):>12}")
    print(f"all log folders together {decimal(_total(all_caches()).size)}, limit {decimal(limit) if limit else 'none'}")


@cache_app.command("clear")
def cache_clear(
    data: Data = None,
    every: Annotated[bool, typer.Option("--all", help="Clear the cache of all log folders.")] = False,
    old: Annotated[
        bool, typer.Option("--old", help="Clear the .bakame-duck/ that earlier releases left beside the logs, instead.")
    ] = False,
) -> None:
    """
    Remove the cache's files. The next command that needs them writes them again.

    Files that bakame-duck did not write stay.

    [dim]bakame-duck cache clear --data logs/[/]
    [dim]bakame-duck cache clear --all[/]
    [dim]bakame-duck cache clear --old --data logs/[/]
    """
    if old:
        caches = [cache for folder in _existing(data) if (cache := old_cache(folder))]
    else:
        caches = all_caches() if every else _caches(data)
    for cache in reversed(caches):  # the root last, since it contains the others
        removed = cache.clear_all()
        print(f"{cache.folder}: {pluralize(removed.files, 'file')} removed, {decimal(removed.size)}")


def _caches(data: list[Path] | None) -> list[Cache]:
    return [Cache(folder) for folder in _existing(data)]


def _existing(data: list[Path] | None) -> list[Path]:
    folders = data_folders(data)
    for folder in folders:
        if not folder.is_dir():
            raise DataFolderError(f"No folder {folder}", hint="Name the folder of the logs with --data.")
    return folders


def _total(caches: list[Cache]) -> Usage:
    usages = list(chain.from_iterable(cache.usage().values() for cache in caches))
    return Usage(sum(usage.files for usage in usages), sum(usage.size for usage in usages))
