"""The options that several commands share, and what they mean when they are not given."""

from __future__ import annotations

import shlex
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from bakame_duck.cache import Cache, old_cache
from bakame_duck.cli.output import print_note
from bakame_duck.formats import Format
from bakame_duck.settings import load_settings

Data = Annotated[
    list[Path] | None,
    typer.Option(
        "--data",
        metavar="FOLDER",
        help="Folder of the logs; can be given more than once.",
        show_default="the setting, else data/",
    ),
]
Out = Annotated[
    Path | None,
    typer.Option("--out", metavar="FOLDER", help="Folder to write to.", show_default="the setting, else reports/"),
]
Timezone = Annotated[
    str | None,
    typer.Option("--timezone", help="Time zone of days and weeks.", show_default="the setting, else Africa/Kigali"),
]
Mirror = Annotated[
    bool | None,
    typer.Option(
        "--mirror/--no-mirror",
        help="Read rotated logs from their Parquet mirror if they have one, or from the logs.",
        show_default="the setting, else --mirror",
    ),
]
PageFormats = Annotated[
    str, typer.Option("--format", metavar="html,pdf", help="Formats of the page; a PDF needs Chromium.")
]
RowFormat = Annotated[Format, typer.Option("--format", help="Format of the rows.")]


def data_folders(data: list[Path] | None) -> list[Path]:
    """Return the folders of ``--data``, else those of the settings."""
    return data or list(load_settings().data)


def log_folders(data: list[Path] | None) -> list[Path]:
    """Return the folders of the logs to read, and mention, once for each, the cache of an earlier release in it."""
    folders = data_folders(data)
    for folder in folders:
        if old := old_cache(folder):
            mentions = Cache()
            key = f"old cache mentioned|{folder.resolve()}"
            if key not in mentions.load():
                print_note(
                    f"{old.folder} is an earlier release's cache, which is no longer used. "
                    f"'bakame-duck cache clear --old --data {shlex.quote(str(folder))}' removes it."
                )
                mentions.store({key: date.today().isoformat()})
    return folders


def use_mirror(mirror: bool | None) -> bool:
    """Return the option ``--mirror``, else the setting."""
    return load_settings().mirror if mirror is None else mirror
