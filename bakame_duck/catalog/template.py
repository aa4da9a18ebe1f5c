"""
Open connections that have every view and metric, and no record yet.

DuckDB binds a view or a macro when it is created, which for all of them takes longer than checking thousands of known
files. So they are created once, in a small database in the user's cache folder that is named after the hash of the SQL,
and copied from there.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from contextlib import suppress

import duckdb
from duckdb import DuckDBPyConnection

from bakame_duck import schema, sql_files
from bakame_duck.cache import Cache
from bakame_duck.catalog import ledger, records
from bakame_duck.errors import CacheError
from bakame_duck.ingest import csv_reader
from bakame_duck.ingest.csv_reader import literal
from bakame_duck.settings import Settings

_TEMPLATE = "catalogue-{}.duckdb"
_MONTH_S = 30 * 86_400


def connect_empty() -> DuckDBPyConnection:
    """Return a connection with every view and metric, and no record in any of them."""
    con = from_template()
    ledger.insert_objectives(con, Settings.model_construct().objectives)
    return con


def from_template() -> DuckDBPyConnection:
    """Return a connection with every table, function, view and metric; the tables are empty."""
    script, cache = _script(), Cache()
    name = _TEMPLATE.format(hashlib.sha256((duckdb.__version__ + script).encode()).hexdigest()[:16])
    with suppress(duckdb.Error):  # it is missing or damaged
        con = csv_reader.open_duckdb()
        con.execute(f"attach {literal(str(cache.folder / name))} as template (read_only)")
        con.execute("copy from database template to memory; detach template")
        return con
    con = csv_reader.open_duckdb()
    con.execute(script)
    with (
        suppress(CacheError, duckdb.Error),
        cache.new_file(name) as path,
    ):  # without it, every connection runs the script
        path.unlink()
        con.execute(f"attach {literal(str(path))} as template (block_size 16384, storage_version 'latest')")
        con.execute("copy from database memory to template; detach template")
        cache.clear([name], pattern=_TEMPLATE.format("*"), age=_MONTH_S)
    return con


def meaning(text: str) -> str:
    """Return the first sentence of the header comment of an SQL file."""
    header = " ".join(line.removeprefix("--").strip() for line in text.splitlines() if line.startswith("--"))
    return header.split(". ")[0].rstrip(".") + "."


def column_comments(text: str) -> dict[str, str]:
    """Return the comment on each column that the header of an SQL file lists, as ``--   name: comment``."""
    header = "\n".join(line.removeprefix("--") for line in text.splitlines() if line.startswith("--"))
    _, _, columns = header.partition("Columns:")
    found = re.findall(r"^   (\w+): (.*(?:\n     .*)*)", columns, re.MULTILINE)
    return {name: " ".join(comment.split()) for name, comment in found}


def _script() -> str:
    """Return the SQL that creates every table, function, view and metric."""
    columns = [
        (position, column.name, column.type, column.unit, column.meaning, column.example)
        for position, column in enumerate(schema.COLUMNS, start=1)
    ]
    functions = sql_files.sql_texts("functions")
    others = {name: text for name, text in sql_files.sql_texts(*sql_files.FOLDERS).items() if name not in functions}
    generated = [
        *(f"create view internal.{name} as {records.cells_select([])}" for name in ("log_cells", "suspect_cells")),
        f"create view internal.log_records as {records.typed_select('internal.log_cells')}",
        "create view internal.unrolled_records as from internal.log_records",
    ]
    return ";\n".join(
        [
            "create schema if not exists internal",
            *ledger.create_tables(),
            ledger.insert("log_columns", columns),
            *functions.values(),
            *generated,
            *(text.rstrip().rstrip(";") for text in others.values()),
            *_comments(),
        ]
    )


def _comments() -> Iterator[str]:
    """Yield the SQL that comments on public views, their columns, and metrics."""
    logged = {column.name: f"{column.meaning} ({column.unit})".removesuffix(" ()") for column in schema.COLUMNS}
    for name, text in sql_files.sql_texts("views").items():
        yield f"comment on view {name} is {literal(meaning(text))}"
        for column, comment in (column_comments(text) | (logged if name == "user_sessions" else {})).items():
            yield f"comment on column {name}.{column} is {literal(comment)}"
    for name, text in sql_files.sql_texts("metrics").items():
        yield f"comment on macro table {name} is {literal(meaning(text))}"
