"""
Find the log files in one or many folders.

A log file is named ``user_sessions*.csv*``; it is plain, ``.gz`` or ``.zst``.
Nothing here opens a file: what is inside is the business of ``inspection``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bakame_duck.errors import DataFolderError

LIVE_NAME = "user_sessions.csv"
_LOG_NAME = re.compile(r"user_sessions.*\.csv(\.\d+)?(?P<compression>\.gz|\.zst)?$", re.DOTALL)


@dataclass(frozen=True)
class LogFile:
    """
    A log file as the folder lists it.

    Attributes:
        path: Where it lies, as the user named its folder.

        compression: ``none``, ``gzip`` or ``zstd``, by its name.

        live: Whether the logger may still be appending to it.
    """

    path: Path
    compression: str
    live: bool


def find_logs(folders: Path | str | Sequence[Path | str]) -> list[LogFile]:
    """
    Return the log files of *folders*, sorted by path; the live file of each folder is marked.

    Raises:
        DataFolderError: A folder is missing, or none of them holds a log.
    """
    paths = [Path(folders)] if isinstance(folders, str | Path) else [Path(folder) for folder in folders]
    files = [file for path in paths for file in _logs_in(path)]
    if not files:
        raise DataFolderError(
            f"No logs in {', '.join(map(str, paths))}",
            hint="A log is named user_sessions*.csv, .csv.1, .csv.gz or .csv.zst; try --data FOLDER.",
        )
    return sorted(set(files), key=lambda file: file.path)


def _logs_in(folder: Path) -> list[LogFile]:
    if not folder.is_dir():
        raise DataFolderError(
            f"No folder {folder}", hint="Name the folder that holds user_sessions.csv with --data FOLDER."
        )
    compressions = {None: "none", ".gz": "gzip", ".zst": "zstd"}
    return [
        LogFile(path, compressions[match["compression"]], live=path.name == LIVE_NAME)
        for path in folder.iterdir()
        if (match := _LOG_NAME.fullmatch(path.name)) and path.is_file()
    ]
