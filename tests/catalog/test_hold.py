"""What is held in memory for a report gives the numbers that the logs give."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from bakame_duck import connect, hold, list_metrics, metric
from bakame_duck.catalog.holding import OF_SPEECH
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
def test_another_time_can_be_kept_in_part(sample_folder: Path, view, instant, kept):
    logs, held = (connect(sample_folder, settings=Settings.model_construct()) for _ in range(2))
    before = (UNTIL - timedelta(weeks=2), WEEK["since"])
    hold(held, since=before[0], until=UNTIL, whole_since=WEEK["since"], other=before)

    def rows(con, columns, since, until):
        span = f"{instant} >= ? and {instant} < ?"
        return con.execute(f"select {columns} from {view} where {span} order by all", [since, until]).fetchall()

    assert held.table(view).columns == logs.table(view).columns
    assert rows(held, "*", *WEEK.values()) == rows(logs, "*", *WEEK.values())
    assert rows(held, kept, *before) == rows(logs, kept, *before) != []
    assert set(rows(held, f"* exclude ({kept})", *before)) == {
        (None,) * (len(held.table(view).columns) - kept.count(",") - 1)
    }


@pytest.mark.parametrize("weeks", [-3, -2, -1, 1], ids=["far before", "before", "just before", "after"])
def test_a_week_can_be_compared_with_any_other(sample_folder: Path, weeks):
    this = {name: instant - timedelta(weeks=1) for name, instant in WEEK.items()}
    other = {name: instant + timedelta(weeks=weeks) for name, instant in this.items()}
    logs, held = (connect(sample_folder, settings=Settings.model_construct()) for _ in range(2))
    since = this["until"] - timedelta(weeks=2)
    hold(held, **this | {"since": since}, whole_since=this["since"], other=tuple(other.values()), timezone="UTC")

    compare = {f"compare_{name}": instant for name, instant in other.items()}
    questions = [("activity", other), ("activity", this), ("objective_measurements", other | {"each": "all"})]
    questions += [("objectives_report", this), ("objective_changes", this | compare)]
    for name, span in questions:
        columns = "columns(* exclude (median_of_four, change_to_median_percent))" if "changes" in name else "*"
        expected, found = (metric(con, name, **span).select(columns).fetchall() for con in (logs, held))
        assert found == [pytest.approx(row) for row in expected] != [], name


def test_another_time_can_be_held_after_one(sample_folder: Path):
    logs, held = (connect(sample_folder, settings=Settings.model_construct()) for _ in range(2))
    earlier = {name: instant - timedelta(weeks=3) for name, instant in WEEK.items()}
    for span in (WEEK, earlier):
        hold(held, **span, without=OF_SPEECH, timezone="Africa/Kigali")

    for name in ("activity", "latency_percentiles", "turns_by_module", "busy_windows", "objectives_report"):
        expected, found = (metric(con, name, **earlier).fetchall() for con in (logs, held))
        assert found == [pytest.approx(row) for row in expected] != [], name


def test_columns_that_nobody_asks_for_are_left_out(sample_folder: Path):
    logs, held = (connect(sample_folder, settings=Settings.model_construct()) for _ in range(2))
    hold(held, **WEEK, without=OF_SPEECH)

    described = [
        con.execute("select column_name, column_type from (describe turns)").fetchall() for con in (logs, held)
    ]
    rows = f"select * exclude ({', '.join(OF_SPEECH)}) from turns where turn_at >= ? and turn_at < ? order by all"
    assert described[0] == described[1]
    assert [(0,) * len(OF_SPEECH)] == held.sql(
        f"select {', '.join(f'count({name})' for name in OF_SPEECH)} from turns"
    ).fetchall()
    assert (
        held.execute(rows, list(WEEK.values())).fetchall() == logs.execute(rows, list(WEEK.values())).fetchall() != []
    )


# The weeks of objectives


@pytest.fixture(scope="module", params=["Africa/Kigali", "Asia/Kathmandu"])
def weeks(sample_folder: Path, request):
    logs, held = (connect(sample_folder, settings=Settings.model_construct()) for _ in range(2))
    hold(held, since=UNTIL - timedelta(weeks=5), until=UNTIL, timezone=request.param)
    return logs, held, request.param


def objectives(con, **asked):
    rows = metric(con, "objective_measurements", **asked).fetchall()
    return [[round(value, 6) if isinstance(value, float) else value for value in row] for row in rows]


def monday(zone, weeks=0):
    local = datetime(2026, 1, 19, tzinfo=ZoneInfo(zone)) - timedelta(weeks=weeks)
    return local.astimezone(UTC).replace(tzinfo=None)


@pytest.mark.parametrize("each", ["week", "all"])
@pytest.mark.parametrize("zone", ["Africa/Kigali", "Asia/Kathmandu", "UTC"])
@pytest.mark.parametrize(("first", "last"), [(4, 0), (1, 0), (2, 1), (3, 1), (0, 0)])
def test_objectives_of_weeks_are_those_of_the_logs(weeks, each, zone, first, last):
    logs, held, of_zone = weeks
    asked = {"since": monday(of_zone, first), "until": monday(of_zone, last), "timezone": zone, "each": each}

    expected = objectives(logs, **asked)

    assert objectives(held, **asked) == expected
    assert bool(expected) == (first > last)


@pytest.mark.parametrize("shift", [timedelta(days=1), timedelta(minutes=15), timedelta(microseconds=1)])
@pytest.mark.parametrize("each", ["week", "all"])
def test_objectives_of_other_times_are_those_of_the_logs(weeks, each, shift):
    logs, held, zone = weeks
    asked = {"since": monday(zone, 2) + shift, "until": monday(zone, 1) + shift, "timezone": zone, "each": each}

    assert objectives(held, **asked) == objectives(logs, **asked) != []


def test_objectives_of_a_time_without_a_whole_week_are_measured(sample_folder: Path):
    logs, held = (connect(sample_folder, settings=Settings.model_construct()) for _ in range(2))
    days = {"since": UNTIL - timedelta(days=3), "until": UNTIL - timedelta(days=1)}
    hold(held, **days, timezone="Africa/Kigali")

    assert objectives(held, **days) == objectives(logs, **days) != []


def test_the_records_themselves_are_not_cut(both):
    logs, held = both

    count = "select count(*) from user_sessions"
    assert logs.execute(count).fetchall() == held.execute(count).fetchall()
