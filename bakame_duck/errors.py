"""
Exceptions for problems that the user can fix.

Each is a :class:`BakameDuckError`: one sentence that says what is wrong, and a hint that
says what to do.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class BakameDuckError(Exception):
    """
    The base of the package's errors.

    Args:
        message: What is wrong, in one line.

        hint: What the user can do about it, in one line.
    """

    def __init__(self, message: str, *, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


class UsageError(BakameDuckError):
    """Usage error: an unknown name, an impossible week."""


class DataFolderError(UsageError):
    """The data folder is missing, or contains no log."""


class LogError(BakameDuckError):
    """A log file cannot be read."""


class CacheError(BakameDuckError):
    """The cache cannot be written: no space, no permission."""


class SettingsError(UsageError):
    """The settings file, or an environment variable, contains an invalid value."""


class PseudonymKeyError(BakameDuckError):
    """The key of the callers' pseudonyms cannot be read or created."""


class PeriodError(UsageError):
    """Not a week or a range of days, or one without a record."""


class UnknownMetricError(UsageError):
    """There is no such metric."""


class UnknownParameterError(UsageError):
    """The metric has no such parameter, or its value is invalid."""


class ParameterError(UsageError):
    """The report has no such parameter, or its value is invalid."""


class BrowserError(UsageError):
    """No Chromium was found to print a page."""


class QueryError(UsageError):
    """DuckDB rejected the SQL."""


class ReportError(BakameDuckError):
    """A notebook failed, or its report could not be rendered, printed or verified."""


def nearest(name: str, known: Iterable[str]) -> str:
    """Return ' Did you mean X?' for the name in *known* nearest to *name*, else ''."""
    matches = difflib.get_close_matches(name, list(known), n=1)
    return f" Did you mean {matches[0]}?" if matches else ""
