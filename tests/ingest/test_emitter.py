"""
What the real logger wrote, against what other programs found in it: an independent parser
(expected.json), the logger's own database (database.sqlite) and PostgreSQL (postgres_answers.json).
"""

import json
import sqlite3
from collections import Counter, defaultdict
from datetime import date, datetime

import pytest

from bakame_duck import metric

STAGES = ("asr", "llm", "tts", "total")


@pytest.fixture(scope="module")
def expected(emitter_folder):
    return json.loads((emitter_folder / "expected.json").read_text())


@pytest.fixture(scope="module")
def postgres(emitter_folder):
    return json.loads((emitter_folder / "postgres_answers.json").read_text())


@pytest.fixture(scope="module")
def database(emitter_folder):
    with sqlite3.connect(f"file:{emitter_folder / 'database.sqlite'}?mode=ro", uri=True) as con:
        yield con


def rows_of(relation):
    """Return the rows as dictionaries, instants as PostgreSQL's JSON spells them."""
    rows = [dict(zip(relation.columns, row, strict=True)) for row in relation.fetchall()]
    return [{name: plain(value) for name, value in row.items()} for row in rows]


def plain(value):
    if isinstance(value, datetime):
        whole, _, fraction = value.isoformat().partition(".")
        return f"{whole}.{fraction.rstrip('0')}" if fraction else whole
    return value.isoformat() if isinstance(value, date) else value


def assert_rows_equal(expected, found):
    assert len(expected) == len(found)
    for wanted, row in zip(expected, found, strict=True):
        assert list(wanted) == list(row)
        assert row == {
            name: pytest.approx(value, abs=1e-9, rel=0) if isinstance(value, float) else value
            for name, value in wanted.items()
        }


def test_average_response_times_are_those_of_postgresql(emitter, postgres):
    rows = rows_of(metric(emitter, "average_response_times_by_module", as_of=as_of(postgres)))

    assert_rows_equal(postgres["average_response_times"], rows)


def test_error_rates_are_those_of_postgresql(emitter, postgres):
    rows = rows_of(metric(emitter, "error_rate_analysis", as_of=as_of(postgres)))

    assert_rows_equal(postgres["error_rate"], rows)


def test_user_engagement_is_that_of_postgresql(emitter, postgres):
    rows = rows_of(metric(emitter, "user_engagement_metrics", as_of=as_of(postgres)))

    assert [row["total_interactions"] for row in rows] == [
        row["total_interactions"] for row in postgres["user_engagement"]
    ]
    # PostgreSQL gives callers with as many interactions in no order.
    assert_rows_equal(*(sorted(answers, key=by_rank) for answers in (postgres["user_engagement"], rows)))


def as_of(postgres):
    return datetime.fromisoformat(postgres["as_of"])


def by_rank(row):
    return -row["total_interactions"], row["phone_number"]


def test_every_file_has_the_rows_that_another_parser_found(emitter, expected, emitter_folder):
    rows = emitter.execute(
        """
        select source_file, count(*), min(timestamp), max(timestamp)
        from user_sessions group by source_file
        """
    ).fetchall()

    assert {file: (count, first.isoformat(), last.isoformat()) for file, count, first, last in rows} == {
        str(emitter_folder / name): (
            file["rows"],
            *(datetime.fromisoformat(file[end]).isoformat() for end in ("first", "last")),
        )
        for name, file in expected["files"].items()
    }


def test_the_ledger_has_the_widths_that_another_parser_found(emitter, expected, emitter_folder):
    rows = emitter.execute('select file, "rows", layouts, state from ingest_files').fetchall()

    assert sorted(rows) == sorted(
        (str(emitter_folder / name), file["rows"], sorted(map(int, file["row_widths"])), "sound")
        for name, file in expected["files"].items()
    )


def test_totals_are_those_that_another_parser_found(emitter, expected):
    totals = emitter.execute(
        """
        select
            count(*), count(*) filter (where interaction_type = 'turn_metrics'), count(error),
            sum(asr_ms), sum(total_ms)
        from user_sessions
        """
    ).fetchall()[0]

    assert totals == (
        expected["rows"],
        expected["turn_metrics"],
        expected["errors"],
        pytest.approx(expected["asr_ms_sum"], rel=1e-12),
        pytest.approx(expected["total_ms_sum"], rel=1e-12),
    )


def test_interactions_by_module_are_those_that_another_parser_found(emitter, expected):
    rows = emitter.execute("select module_name, count(*) from interactions group by module_name").fetchall()

    assert dict(rows) == expected["by_interaction_module"]


def test_module_usage_is_what_the_logger_has_in_its_database(emitter, database):
    query = "select phone_number, module_name, usage_count, {}, total_duration from module_usage order by 1, 2"
    wanted = database.execute(query.format("last_used")).fetchall()
    found = emitter.execute(query.format("strftime(last_used, '%Y-%m-%d %H:%M:%S.%f')")).fetchall()

    assert len(wanted) == 76
    assert [row[:4] for row in found] == [row[:4] for row in wanted]
    assert [row[4] for row in found] == pytest.approx([row[4] for row in wanted], abs=1e-6)


def test_module_usage_by_module_is_what_another_program_summed(emitter, expected):
    rows = emitter.execute(
        """
        select module_name, cast(sum(usage_count) as bigint), count(*), sum(total_duration)
        from module_usage group by module_name
        """
    ).fetchall()

    assert {module: (count, users, total) for module, count, users, total in rows} == {
        module: (usage["usage_count"], usage["users"], pytest.approx(usage["total_duration"], abs=0.005))
        for module, usage in expected["database"]["module_usage"].items()
    }
    assert sum(users for _, _, users, _ in rows) == expected["database"]["module_usage_rows"]


def test_interactions_are_the_records_in_the_loggers_database(emitter, database):
    # The texts are not compared: the database holds them before redaction.
    query = "select phone_number, session_id, module_name, interaction_type, session_duration from {}"
    wanted = database.execute(query.format("user_sessions")).fetchall()
    found = emitter.execute(query.format("interactions")).fetchall()

    assert Counter(found) == Counter(wanted)


def test_every_turn_has_the_module_of_the_nearest_interaction_of_its_call(emitter):
    interactions = defaultdict(list)
    for call, at, module in emitter.execute(
        "select session_id, interaction_at, module_name from interactions"
    ).fetchall():
        interactions[call].append((at, module))
    turns = emitter.execute("select call_id, turn_at, module_name, module_source from turns").fetchall()

    assert len(turns) == 185
    of_known_calls = [turn for turn in turns if turn[0] in interactions]
    assert len(of_known_calls) > 100
    for call, at, module, source in of_known_calls:
        nearest = min(abs(at - other) for other, _ in interactions[call])
        assert source == "call"
        assert module in {module for other, module in interactions[call] if abs(at - other) == nearest}


def test_a_stage_that_did_not_run_counts_in_no_percentile(emitter):
    times = emitter.execute(
        "select asr_ms, llm_ms, tts_ms, total_ms from user_sessions where interaction_type = 'turn_metrics'"
    ).fetchall()
    measured = {
        stage: [ms for ms in column if ms] for stage, column in zip(STAGES, zip(*times, strict=True), strict=True)
    }

    rows = metric(emitter, "latency_percentiles").fetchall()

    assert 0.0 in [ms for row in times for ms in row]
    for stage in STAGES:
        assert sum(turns for of, _, turns, *_ in rows if of == stage) == len(measured[stage])
        assert min(p50 for of, _, _, p50, *_ in rows if of == stage) >= min(measured[stage])
