"""
What can go wrong that a user can mend.

Every error the package raises on purpose is a :class:`BakameDuckError`: one
sentence that says what failed, and a hint that says what to do about it.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class BakameDuckError(Exception):
    """
    The base of every error of the package.

    Args:
        message: What failed, in one line.

        hint: What the user can do about it, in one line.
    """

    def __init__(self, message: str, *, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


class UsageError(BakameDuckError):
    """The request itself cannot be meant: an unknown name, an impossible week."""


class DataFolderError(UsageError):
    """The data folder is missing, or holds no log."""


class LogError(BakameDuckError):
    """A log file cannot be read."""


class CacheError(BakameDuckError):
    """What was learnt about the logs cannot be kept: no space, no permission."""


class SettingsError(UsageError):
    """The settings file, or an environment variable, holds a value that does not fit."""


class PseudonymKeyError(BakameDuckError):
    """The key of the callers' pseudonyms cannot be read, or none can be made."""


class PeriodError(UsageError):
    """Not a week or a span of days, or one without a record."""


class UnknownMetricError(UsageError):
    """There is no metric of that name."""


class UnknownParameterError(UsageError):
    """The metric has no such parameter, or the value does not fit it."""


class ParameterError(UsageError):
    """A report has no such parameter, or the value does not fit it."""


class BrowserError(UsageError):
    """There is no Chromium that could print a page."""


class QueryError(UsageError):
    """DuckDB refused the SQL."""


class ReportError(BakameDuckError):
    """A notebook failed while it was executed, or could not be rendered, printed or verified."""


def nearest(name: str, known: Iterable[str]) -> str:
    """Return ' Did you mean X?' for the name in *known* nearest to *name*, else ''."""
    matches = difflib.get_close_matches(name, list(known), n=1)
    return f" Did you mean {matches[0]}?" if matches else ""
