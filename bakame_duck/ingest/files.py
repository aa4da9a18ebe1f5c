"""
Find the log files in one or many folders.

A log file is named ``user_sessions*.csv*``; it is plain, ``.gz`` or ``.zst``.
Nothing here opens a file: what is inside is the business of ``inspection``.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from bakame_duck.errors import DataFolderError

LIVE_NAME = "user_sessions.csv"
_LOG_NAME = re.compile(r"user_sessions.*\.csv(\.\d+)?(\.gz|\.zst)?", re.DOTALL)


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

    @cached_property
    def folder(self) -> str:
        """The folder it lies in."""
        return folder_of(self.path)


def find_logs(folders: Path | str | Sequence[Path | str]) -> list[LogFile]:
    """
    Return the log files of *folders*, sorted by path; the live file of each folder is marked.

    Raises:
        DataFolderError: A folder is missing, or none of them holds a log.
    """
    paths = _different(folders)
    files = [file for path in paths for file in _logs_in(path)]
    if not files:
        raise DataFolderError(
            f"No logs in {', '.join(map(str, paths))}",
            hint="A log is named user_sessions*.csv, .csv.1, .csv.gz or .csv.zst; try --data FOLDER.",
        )
    return sorted(files, key=lambda file: str(file.path))


def find_health_checks(folders: Path | str | Sequence[Path | str]) -> list[Path]:
    """Return the logs of health checks in *folders*, sorted by path."""
    return _files_called("health_checks*.jsonl", folders)


def find_auditions(folders: Path | str | Sequence[Path | str]) -> list[Path]:
    """Return the results of voice auditions in *folders*, sorted by path."""
    return _files_called("voice_audition_results*.csv", folders)


def _files_called(pattern: str, folders: Path | str | Sequence[Path | str]) -> list[Path]:
    found = (path for folder in _different(folders) for path in folder.glob(pattern))
    return sorted(path for path in found if path.is_file())


def _different(folders: Path | str | Sequence[Path | str]) -> list[Path]:
    """Return *folders* without those that are another by a second name."""
    named = [folders] if isinstance(folders, str | Path) else folders
    return list({Path(folder).resolve(): Path(folder) for folder in reversed(named)}.values())[::-1]


def _logs_in(folder: Path) -> list[LogFile]:
    if not folder.is_dir():
        raise DataFolderError(
            f"No folder {folder}", hint="Name the folder that holds user_sessions.csv with --data FOLDER."
        )
    try:
        paths = [path for path in folder.iterdir() if _LOG_NAME.fullmatch(path.name)]
    except OSError as error:
        raise DataFolderError(
            f"{folder} cannot be listed: {error.strerror}", hint="Name a folder that you may read with --data FOLDER."
        ) from error
    return [LogFile(path, compression_of(path.name), live=path.name == LIVE_NAME) for path in paths]


def folder_of(path: Path) -> str:
    """Return the folder of *path* as text, which is told from others faster than a Path; thousands are asked for."""
    return os.path.dirname(path)  # noqa: PTH120


def compression_of(name: str) -> str:
    """Return how the log of that name is compressed: ``none``, ``gzip`` or ``zstd``."""
    return "gzip" if name.endswith(".gz") else "zstd" if name.endswith(".zst") else "none"
