"""What is held in memory for a report gives the numbers that the logs give."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bakame_duck import connect, hold, list_metrics, metric
from bakame_duck.settings import Settings

pytest_plugins = ["tests.report_fixtures"]

UNTIL = datetime(2026, 1, 18, 22)
WEEK = {"since": UNTIL - timedelta(days=7), "until": UNTIL}
IN_NO_ORDER = {"caller_quarters"}
OTHERS = {
    "as_of": UNTIL,
    "weeks": 4,
    "timezone": "Africa/Kigali",
}


def numbers(con, known):
    values = WEEK | OTHERS
    arguments = {name: values[name] for name in known.parameters if name in values}
    return [
        [round(value, 6) if isinstance(value, float) else value for value in row]
        for row in metric(con, known.name, **arguments).fetchall()
    ]


@pytest.fixture(scope="module")
def both(sample_folder: Path):
    logs, held = (connect(sample_folder, settings=Settings.model_construct()) for _ in range(2))
    hold(held, since=UNTIL - timedelta(weeks=5), until=UNTIL)
    return logs, held


@pytest.mark.parametrize("known", list_metrics(), ids=lambda known: known.name)
def test_a_metric_gives_the_same_over_what_is_held(both, known):
    logs, held = both

    expected, found = numbers(logs, known), numbers(held, known)
    if known.name in IN_NO_ORDER:
        expected, found = sorted(expected, key=str), sorted(found, key=str)
    assert found == expected


@pytest.mark.parametrize("table", ["whole_turns", "whole_calls", "callers"])
def test_a_view_is_held_as_a_table(both, table):
    _, held = both

    kinds = "select temporary, estimated_size > 0 from duckdb_tables() where table_name = ?"
    assert [(True, True)] == held.execute(kinds, [table]).fetchall()


KEPT = [
    ("turns", "turn_at", "turn_at, asr_ms, llm_ms, tts_ms, total_ms, error, error_stage"),
    ("calls", "started_at", "call_id, started_at, ended_at"),
]


@pytest.mark.parametrize(("view", "instant", "kept"), KEPT)
def test_earlier_rows_can_be_kept_in_part(sample_folder: Path, view, instant, kept):
    logs, held = (connect(sample_folder, settings=Settings.model_construct()) for _ in range(2))
    hold(held, since=UNTIL - timedelta(weeks=2), until=UNTIL, whole_since=WEEK["since"])

    def rows(con, columns, since, until):
        span = f"{instant} >= ? and {instant} < ?"
        return con.execute(f"select {columns} from {view} where {span} order by all", [since, until]).fetchall()

    before = (UNTIL - timedelta(weeks=2), WEEK["since"])
    assert held.table(view).columns == logs.table(view).columns
    assert rows(held, "*", *WEEK.values()) == rows(logs, "*", *WEEK.values())
    assert rows(held, kept, *before) == rows(logs, kept, *before) != []
    assert set(rows(held, f"* exclude ({kept})", *before)) == {
        (None,) * (len(held.table(view).columns) - kept.count(",") - 1)
    }


def test_the_records_themselves_are_not_cut(both):
    logs, held = both

    count = "select count(*) from user_sessions"
    assert logs.execute(count).fetchall() == held.execute(count).fetchall()
