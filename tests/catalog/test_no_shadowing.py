"""Nothing that a connection is used for changes what a later query returns."""

from __future__ import annotations

import shutil
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path

import nbformat
import pytest
from duckdb import DuckDBPyConnection

import bakame_duck
from bakame_duck import list_metrics, metric
from bakame_duck.catalog.rollups import refresh
from bakame_duck.reports.request import KINDS
from bakame_duck.resources import resource_folder
from bakame_duck.settings import Settings
from tests.odd_logs import write_odd_logs

SAMPLE = Path(__file__).parents[2] / "data" / "sample"
MONDAYS = [datetime(2026, 1, 12), datetime(2025, 12, 29)]
WEEK = timedelta(days=7)


def connect(folder: Path) -> DuckDBPyConnection:
    return bakame_duck.connect(folder, settings=Settings.model_construct())


def run_notebook(name: str, folder: Path) -> None:
    """Run the code cells of a report's notebook in this process."""
    cells = nbformat.read(resource_folder("notebooks") / name, as_version=4).cells
    names: dict[str, object] = {"__name__": "__main__"}
    for cell in cells:
        if cell.cell_type == "code":
            exec(cell.source, names)  # noqa: S102
            if "parameters" in cell.metadata.get("tags", []):
                names |= {"data": str(folder), "week": "2026-W03", "timezone": "Africa/Kigali"}


def weeks_of(con: DuckDBPyConnection, name: str, mondays: list[datetime]) -> dict[datetime, list[list[str]]]:
    """Return the rows of a metric in several weeks, sorted and with nine digits: DuckDB's averages vary in the last."""
    (parameters,) = (known.parameters for known in list_metrics(con) if known.name == name)
    rows = {}
    for monday in mondays:
        ends = {"since": monday, "until": monday + WEEK, "as_of": monday + WEEK}
        relation = metric(con, name, **{end: at for end, at in ends.items() if end in parameters})
        rows[monday] = sorted(
            [f"{cell:.9g}" if isinstance(cell, float) else repr(cell) for cell in row] for row in relation.fetchall()
        )
    return rows


def twice(con: DuckDBPyConnection) -> list[str]:
    """Return the names of relations and macros of ours that exist more than once, in any schema."""
    relations = con.execute("select name from (show all tables)").fetchall()
    macros = con.execute("select function_name from duckdb_functions() where not internal").fetchall()
    assert relations
    assert macros
    return [name for (name,), count in Counter([*relations, *macros]).items() if count > 1]


def assert_nothing_shadows(con: DuckDBPyConnection, folder: Path) -> None:
    """Assert that *con*, on which anything was run, has no new relation and returns what fresh connections return."""
    with connect(folder) as fresh:
        relations = "select schema, name, temporary from (show all tables) order by all"
        assert con.execute(relations).fetchall() == fresh.execute(relations).fetchall()
        metrics = [known.name for known in list_metrics(fresh)]
    for name in metrics:
        weeks_of(con, name, MONDAYS[:1])
    assert twice(con) == []
    for name in metrics:
        with connect(folder) as fresh:
            assert weeks_of(con, name, MONDAYS) == weeks_of(fresh, name, MONDAYS[::-1]), name
    assert twice(con) == []


def test_after_both_reports_a_connection_returns_what_a_fresh_one_returns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    folder = shutil.copytree(SAMPLE, tmp_path / "logs", ignore=shutil.ignore_patterns(".*"))
    refresh(folder)
    con = connect(folder)
    with monkeypatch.context() as patch:
        patch.setattr(bakame_duck, "connect", lambda *_arguments, **_options: con)
        for kind in KINDS.values():
            run_notebook(kind.notebook, folder)

    assert_nothing_shadows(con, folder)
    assert [len(weeks_of(con, "turns_by_module", [monday])[monday]) > 1 for monday in MONDAYS] == [True] * 2


def test_after_all_metrics_a_connection_over_odd_logs_returns_what_a_fresh_one_returns(tmp_path: Path) -> None:
    write_odd_logs(tmp_path, 2)
    refresh(tmp_path)

    assert_nothing_shadows(connect(tmp_path), tmp_path)
