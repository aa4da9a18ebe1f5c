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

    assert numbers(logs, known) == numbers(held, known)


@pytest.mark.parametrize("view", ["turns", "calls", "callers"])
def test_a_view_is_held_as_a_table(both, view):
    _, held = both

    kinds = "select temporary, estimated_size > 0 from duckdb_tables() where table_name = ?"
    assert [(True, True)] == held.execute(kinds, [view]).fetchall()


def test_modules_can_be_left_to_the_end_of_the_time(sample_folder: Path):
    logs, held = (connect(sample_folder, settings=Settings.model_construct()) for _ in range(2))
    hold(held, since=UNTIL - timedelta(weeks=2), until=UNTIL, modules_since=WEEK["since"])

    told = """
        select source_file, source_row, total_ms, error_stage, {} from turns
        where turn_at >= $since - to_days($days) and turn_at < $until order by all
    """
    late, early = {"days": 0} | WEEK, {"days": 7} | WEEK
    modules = "module_name, module_source"
    assert logs.execute(told.format(modules), late).fetchall() == held.execute(told.format(modules), late).fetchall()
    assert (
        logs.execute(told.format("tts_ms"), early).fetchall() == held.execute(told.format("tts_ms"), early).fetchall()
    )
    without = held.execute(
        "select count(*), count(module_name), count(module_source) from turns where turn_at < $1", [WEEK["since"]]
    )
    turns, *named = without.fetchall()[0]
    assert turns > 0
    assert named == [0, 0]


def test_the_records_themselves_are_not_cut(both):
    logs, held = both

    count = "select count(*) from user_sessions"
    assert logs.execute(count).fetchall() == held.execute(count).fetchall()
