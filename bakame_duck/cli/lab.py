"""Open JupyterLab."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import Annotated

import typer

from bakame_duck.cache import cache_root
from bakame_duck.cli.options import Data, Mirror, log_folders, use_mirror
from bakame_duck.cli.output import connect, refresh_cache
from bakame_duck.resources import resource_folder
from bakame_duck.settings import FILE_VARIABLE, settings_file


def lab(
    data: Data = None,
    mirror: Mirror = None,
    arguments: Annotated[
        list[str] | None, typer.Argument(metavar="[-- JUPYTERLAB OPTIONS]", help="Passed on to JupyterLab.")
    ] = None,
) -> None:
    """
    Open JupyterLab on the notebooks, connected to the data.

    [dim]bakame-duck lab --data logs/ -- --no-browser --port 8899[/]
    """
    folders, mirror = log_folders(data), use_mirror(mirror)
    if mirror:
        refresh_cache(folders)
    connect(folders, mirror=mirror).close()
    # Kernels start in the notebooks' folder, where relative paths and the settings file would not be found.
    environment = {
        "BAKAME_DUCK_DATA": os.pathsep.join(str(folder.resolve()) for folder in folders),
        "BAKAME_DUCK_MIRROR": str(mirror),
        "BAKAME_DUCK_CACHE": str(cache_root()),
    }
    if settings_file().is_file():
        environment[FILE_VARIABLE] = str(settings_file().resolve())
    notebook = resource_folder("notebooks") / "explore.ipynb"
    command = [sys.executable, "-m", "jupyterlab", str(notebook), *(arguments or [])]
    signal.signal(signal.SIGINT, lambda *_: None)  # JupyterLab handles Ctrl-C: it asks first
    raise typer.Exit(subprocess.call(command, env=os.environ | environment))  # noqa: S603 - the user's own arguments
