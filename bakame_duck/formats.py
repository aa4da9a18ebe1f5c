"""The formats of rows, of the ledger and of pages."""

from __future__ import annotations

from enum import StrEnum


class Format(StrEnum):
    """The formats of rows."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"
    MARKDOWN = "markdown"
    PARQUET = "parquet"


class LedgerFormat(StrEnum):
    """The formats of the ledger."""

    TABLE = "table"
    JSON = "json"


class PageFormat(StrEnum):
    """The formats of a report's page; its notebook and JSON are always written."""

    HTML = "html"
    PDF = "pdf"
