"""State what rows, the ledger and pages can be written as."""

from __future__ import annotations

from enum import StrEnum


class Format(StrEnum):
    """How rows are written."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"
    MARKDOWN = "markdown"
    PARQUET = "parquet"


class LedgerFormat(StrEnum):
    """How the ledger is written."""

    TABLE = "table"
    JSON = "json"


class PageFormat(StrEnum):
    """What a report's page is written as; notebook and JSON are always written."""

    HTML = "html"
    PDF = "pdf"
