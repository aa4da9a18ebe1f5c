"""The views: given records, expected rows."""

import json

import pytest

from bakame_duck.resources import resource_folder
from bakame_duck.schema import NAMES
from tests.conftest import INTERACTION, TURN, as_csv, cells

VIEWS = sorted(path.stem for path in (resource_folder("sql") / "views").glob("*.sql"))


def said(at, module, call="CA1", **others):
    """An interaction at an instant of the 4th of January."""
    return INTERACTION | {"timestamp": f"2026-01-04T{at}", "module_name": module, "session_id": call} | others


def turned(at, call="CA1", **others):
    """A turn at an instant of the 4th of January."""
    return TURN | {"timestamp": f"2026-01-04T{at}", "session_id": call, "call_id": call} | others


@pytest.mark.parametrize("view", VIEWS)
def test_a_view_is_the_only_relation_of_its_file_and_is_empty_without_logs(view, empty):
    rows = empty.execute(f"select count(*) from {view}").fetchall()

    assert rows == [({"objectives": 10, "ingest_totals": 1}.get(view, 0),)]


# user_sessions


def test_the_three_forms_of_an_instant_are_equal(given):
    forms = ("2026-01-04T10:00:00", "2026-01-04T10:00:00Z", "2026-01-04T12:00:00+02:00", "2026-01-04T12:00:00.000+0200")
    con = given.records(*({"timestamp": form} for form in forms))

    rows = con.execute("select timestamp::varchar, count(*) from user_sessions group by all").fetchall()

    assert rows == [("2026-01-04 10:00:00", 4)]


def test_every_cell_of_a_record_has_its_type(given):
    record = {"session_duration": 45.67, "turn": 3, "asr_ms": 234.56, "tokens_in": 25, "barge_in_triggered": True}
    con = given.records(record, layout=31)

    row = con.execute(
        "select session_duration, turn, asr_ms, tokens_in, barge_in_triggered from user_sessions"
    ).fetchall()[0]

    assert row == (45.67, 3, 234.56, 25, True)


@pytest.mark.parametrize(("cell", "expected"), [("True", True), ("False", False), ("true", True), ("", None)])
def test_interruptions_are_read_as_python_and_json_write_them(given, cell, expected):
    con = given.records({"barge_in_triggered": cell}, layout=31)

    assert con.execute("select barge_in_triggered from user_sessions").fetchall() == [(expected,)]


def test_source_file_and_row_lead_back_to_the_record_over_many_files(given):
    for day in range(1, 6):
        rows = [cells({"user_input": f"{day}/{row}" + "\r\n" * (row % 3)}) for row in range(1, 5001)]
        rows[2500:2500] = [NAMES[:20]]
        if day % 2:
            rows.insert(0, NAMES[:8])
        given.file(as_csv(*rows), "user_sessions.csv" if day == 3 else f"user_sessions_2026-01-0{day}.csv")
    con = given.connect()

    rows = con.execute("select source_file, source_row, trim(user_input, E'\\r\\n') from user_sessions").fetchall()

    names = {day: "user_sessions.csv" if day == 3 else f"user_sessions_2026-01-0{day}.csv" for day in range(1, 6)}
    assert sorted(rows) == sorted(
        (str(given.folder / names[day]), row, f"{day}/{row}") for day in names for row in range(1, 5001)
    )
    assert con.execute("select source_row from user_sessions where user_input = '4/4999\r\n'").fetchall() == [(4999,)]


# interactions


def test_interactions_are_all_records_but_turns_with_their_dictionaries_as_json(given):
    con = given.records(
        said("10:00:00", "math", emotional_data="{'mood': None}", gamification_data='{"points": 10}'),
        turned("10:00:01"),
        said("10:00:02", "math", interaction_type="sms", emotional_data="none"),
    )

    rows = con.execute(
        "select interaction_at::time::varchar, interaction_type, emotional_json, gamification_json from interactions"
    ).fetchall()

    assert [(at, kind, *(text and json.loads(text) for text in texts)) for at, kind, *texts in rows] == [
        ("10:00:00", "voice", {"mood": None}, {"points": 10}),
        ("10:00:02", "sms", None, None),
    ]


# turns


@pytest.mark.parametrize(
    ("records", "module", "source"),
    [
        ([said("09:59:00", "math"), said("10:05:00", "english")], "math", "call"),
        ([said("09:50:00", "math"), said("10:01:00", "english")], "english", "call"),
        ([said("09:59:00", "math"), said("10:01:00", "english")], "math", "call"),
        ([said("10:00:00", "math"), said("10:00:01", "english")], "math", "call"),
        ([said("10:01:00", "english")], "english", "call"),
        ([said("08:00:00", "math"), said("09:59:59", "debate", "CA2")], "math", "call"),
        ([said("09:00:00", "debate", "CA2"), said("10:10:00", "english", "CA3")], "english", "caller"),
        ([said("09:50:00", "math", "SM1", interaction_type="sms")], "math", "caller"),
        ([said("10:00:00", "math", "CA2", phone_number="+250788000009")], None, "none"),
        ([said("10:00:00", "")], None, "none"),
        ([said("09:59:00", ""), said("10:30:00", "math")], "math", "call"),
        ([turned("10:00:01"), said("09:00:00", "math")], "math", "call"),
        ([], None, "none"),
    ],
    ids=[
        "nearest before",
        "nearest after",
        "as near: before",
        "same instant",
        "only after",
        "call beats caller",
        "another call",
        "a message",
        "another caller",
        "no module",
        "module of the next",
        "turns have none",
        "alone",
    ],
)
def test_a_turn_has_the_learning_module_of_the_nearest_interaction(given, records, module, source):
    con = given.records(*records, turned("10:00:00", turn=7))

    assert con.execute("select module_name, module_source from turns where turn = 7").fetchall() == [(module, source)]


def test_a_turn_without_call_has_the_module_of_its_caller_and_not_of_others_without_call(given):
    con = given.records(
        said("10:00:00", "debate", "", phone_number="+250788000009"),
        said("09:00:00", "math", "CA2"),
        turned("10:00:00", ""),
    )

    assert con.execute("select module_name, module_source from turns").fetchall() == [("math", "caller")]


def test_an_interaction_without_an_instant_names_no_module_and_a_turn_without_one_has_none(given):
    con = given.records(
        said("09:00:00", "math"),
        said("", "english", timestamp="N/A"),
        said("", "debate", "CA2", timestamp="N/A", phone_number="+250788000002"),
        turned("10:00:00"),
        turned("10:00:00", "CA2", phone_number="+250788000002"),
        turned("", timestamp="N/A"),
    )

    rows = con.execute("select module_name, module_source from turns order by source_row").fetchall()

    assert rows == [("math", "call"), (None, "none"), (None, "none")]


@pytest.mark.parametrize(
    ("said_at", "call", "module", "source"),
    [
        ("2026-01-04T06:00:01", "CA1", "math", "call"),
        ("2026-01-04T13:59:59", "CA1", "math", "call"),
        ("2026-01-04T06:00:00", "CA1", "math", "caller"),
        ("2026-01-04T14:00:00", "CA1", "math", "caller"),
        ("2025-12-05T10:00:01", "CA2", "math", "caller"),
        ("2026-02-03T09:59:59", "CA2", "math", "caller"),
        ("2025-12-05T10:00:00", "CA2", None, "none"),
        ("2026-02-03T10:00:00", "CA2", None, "none"),
    ],
)
def test_a_mention_counts_for_four_hours_in_its_call_and_for_30_days_of_its_caller(
    given, said_at, call, module, source
):
    con = given.records(said("", "math", call, timestamp=said_at), turned("10:00:00"))

    assert con.execute("select module_name, module_source from turns").fetchall() == [(module, source)]


def test_a_call_is_known_by_its_session_before_the_logger_wrote_call_ids(given):
    con = given.records(said("10:00:00", "math"), turned("10:00:01") | {"call_id": ""})

    assert con.execute("select call_id, module_name, module_source from turns").fetchall() == [("CA1", "math", "call")]


def test_what_was_not_measured_is_null_and_what_is_unexplained_is_stated(given):
    con = given.records(
        turned("10:00:00", asr_ms=0.0, tokens_in=0, asr_confidence=0.0, llm_ms=1500.0, tts_ms="", total_ms=1700.25)
    )

    row = con.execute("select asr_ms, llm_ms, tts_ms, total_ms, unattributed_ms, tokens_in, asr_confidence from turns")
    assert row.fetchall()[0] == (None, 1500.0, None, 1700.25, 200.25, None, None)


def test_a_turn_says_which_stage_failed_and_how_it_was_spoken(given):
    spoken = {"tts_pitch": "+1st", "tts_rate": 0.95, "tts_fallback_count": 2, "barge_in_triggered": True}
    con = given.records(turned("10:00:00", error="Deepgram 429", tts_ms=0.0, **spoken), turned("10:00:01"), layout=31)

    rows = con.execute(
        """
        select error_stage, tts_pitch, tts_pitch_semitones, tts_rate, tts_fallback_count, barge_in_triggered
        from turns order by turn_at
        """
    ).fetchall()
    assert rows == [("tts", "+1st", 1.0, 0.95, 2, True), (None, None, None, None, None, None)]


def test_a_turn_is_one_row_however_many_interactions_share_its_instant(given):
    con = given.records(*[said("10:00:00", "math")] * 3, turned("10:00:00"), turned("10:00:00"))

    assert con.execute("select count(*) from turns").fetchall() == [(2,)]


# calls


def test_a_call_lasts_from_its_first_record_to_its_last(given):
    con = given.records(
        said("10:00:00", "math"),
        turned("10:00:05", barge_in_triggered=True),
        said("10:01:00", "english"),
        turned("10:01:30", error="ASR timeout"),
        said("10:02:00", "math"),
        said("11:00:00", "debate", "CA2"),
        said("12:00:00", "math", "SM1", interaction_type="sms"),
        layout=31,
    )

    rows = con.execute("select * exclude (started_at, ended_at) from calls order by call_id").fetchall()

    caller = "+250788000001"
    assert rows == [
        ("CA1", caller, 120.0, 2, 3, 1, 1, ["english", "math"]),
        ("CA2", caller, 0.0, 0, 1, 0, 0, ["debate"]),
    ]


# module_usage


def test_module_usage_counts_interactions_as_the_loggers_upsert_does(given):
    other = "+250788000002"
    con = given.records(
        said("10:00:00", "math", session_duration=1.5),
        said("11:00:00", "math", "SM1", interaction_type="sms"),
        said("10:30:00", "math", session_duration=2.0),
        said("10:00:30", "english", phone_number=other),
        turned("12:00:00"),
    )

    rows = con.execute(
        "select * replace (last_used::time::varchar as last_used) from module_usage order by id"
    ).fetchall()

    assert rows == [
        (1, "+250788000001", "math", 3, 3.5, "11:00:00"),
        (2, other, "english", 1, 0.0, "10:00:30"),
    ]


# health_checks


def test_a_health_check_is_one_line_with_the_state_of_every_part(given):
    con = given.health_checks(("2026-01-04 10:00:00", "healthy"), ("2026-01-04 10:01:00", "unhealthy"))

    rows = con.execute(
        "select * exclude (line, source_file) replace (checked_at::varchar as checked_at) from health_checks"
    )

    assert rows.fetchall() == [
        ("2026-01-04 10:00:00", "healthy", "bakame-ivr", *["healthy"] * 5),
        ("2026-01-04 10:01:00", "unhealthy", "bakame-ivr", *["unhealthy"] * 5),
    ]


def test_a_line_that_is_no_answer_is_kept_with_nulls_and_a_blank_one_is_not(given):
    page = "<html>502 Bad Gateway</html>"
    con = given.health_checks(
        page, "", "   \r", '{"status": "healthy", "timestamp": "2026-01-04T12:00:00+02:00"}', '{"status"'
    )

    rows = con.execute("select checked_at::varchar, status, redis from health_checks").fetchall()

    assert rows == [(None, None, None), ("2026-01-04 10:00:00", "healthy", None), (None, None, None)]
    assert con.execute("select line from health_checks limit 1").fetchall() == [(page,)]


def test_health_checks_of_several_files_name_their_file(given):
    given.health_checks(("2026-01-04 10:00:00", "healthy"), name="health_checks_[1].jsonl")
    con = given.health_checks(("2026-01-05 10:00:00", "healthy"), name="health_checks.jsonl")

    rows = con.execute("select parse_filename(source_file) from health_checks order by checked_at").fetchall()
    assert rows == [("health_checks_[1].jsonl",), ("health_checks.jsonl",)]


# objectives


def test_the_objectives_are_the_monitoring_thresholds_of_the_specification(empty):
    rows = empty.execute("select objective, kind, stage, comparison, target, unit from objectives").fetchall()

    assert rows == [
        ("asr_latency", "latency", "asr", "<", 500.0, "ms"),
        ("llm_latency", "latency", "llm", "<", 2000.0, "ms"),
        ("tts_latency", "latency", "tts", "<", 800.0, "ms"),
        ("total_latency", "latency", "total", "<", 3000.0, "ms"),
        ("error_rate", "error rate", "total", "<", 5.0, "%"),
        ("asr_error_rate", "error rate", "asr", "<", 2.0, "%"),
        ("llm_error_rate", "error rate", "llm", "<", 3.0, "%"),
        ("tts_error_rate", "error rate", "tts", "<", 1.0, "%"),
        ("uptime", "availability", None, ">", 99.5, "%"),
        ("health_checks", "availability", None, ">", 99.0, "%"),
    ]


def test_an_objective_knows_the_fewest_observations_that_could_show_it_met(empty):
    rows = empty.execute("select objective, min_observations from objectives").fetchall()

    assert dict(rows) == {
        "asr_latency": 72,
        "llm_latency": 72,
        "tts_latency": 72,
        "total_latency": 72,
        "error_rate": 73,
        "asr_error_rate": 189,
        "llm_error_rate": 125,
        "tts_error_rate": 381,
        "uptime": 765,
        "health_checks": 381,
    }


# ingest_cells


def test_a_cell_that_does_not_fit_is_listed_and_its_record_is_kept(given):
    con = given.records(
        {},
        {"asr_ms": "N/A", "turn": "two", "timestamp": "yesterday", "user_input": "N/A"},
        {"barge_in_triggered": "maybe", "tokens_in": ""},
        layout=31,
    )

    bad = con.execute(
        'select parse_filename(file), "row", column_name, value from ingest_cells order by all'
    ).fetchall()
    kept = con.execute("select timestamp, turn, asr_ms, user_input from user_sessions where source_row = 2").fetchall()

    assert bad == [
        ("user_sessions_2026-01-04.csv", 2, "asr_ms", "N/A"),
        ("user_sessions_2026-01-04.csv", 2, "timestamp", "yesterday"),
        ("user_sessions_2026-01-04.csv", 2, "turn", "two"),
        ("user_sessions_2026-01-04.csv", 3, "barge_in_triggered", "maybe"),
    ]
    assert kept == [(None, None, None, "N/A")]
    assert con.execute('select records, "rows", rejects from ingest_files').fetchall() == [(3, 3, 0)]
