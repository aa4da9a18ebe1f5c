from datetime import UTC, datetime, timedelta

import duckdb
import pytest

from bakame_duck.resources import resource_folder

SESSION = "insert into user_sessions (phone_number, session_id, module_name, interaction_type"
USAGE = "insert into module_usage (phone_number, module_name"


@pytest.fixture
def database():
    con = duckdb.connect()
    con.execute("set TimeZone = 'UTC'")
    for path in sorted((resource_folder("sql") / "database").glob("*.sql")):
        con.execute(path.read_text())
    return con


def described(con, table):
    return [(name, kind, nullable) for name, kind, nullable, *_ in con.execute(f"describe {table}").fetchall()]


def test_user_sessions_has_the_columns_of_the_specification(database):
    assert described(database, "user_sessions") == [
        ("id", "INTEGER", "NO"),
        ("phone_number", "VARCHAR", "NO"),
        ("session_id", "VARCHAR", "NO"),
        ("module_name", "VARCHAR", "NO"),
        ("interaction_type", "VARCHAR", "NO"),
        ("user_input", "VARCHAR", "YES"),
        ("ai_response", "VARCHAR", "YES"),
        ("timestamp", "TIMESTAMP", "YES"),
        ("session_duration", "DOUBLE", "YES"),
    ]


def test_module_usage_has_the_columns_of_the_specification(database):
    assert described(database, "module_usage") == [
        ("id", "INTEGER", "NO"),
        ("phone_number", "VARCHAR", "NO"),
        ("module_name", "VARCHAR", "NO"),
        ("usage_count", "INTEGER", "YES"),
        ("total_duration", "DOUBLE", "YES"),
        ("last_used", "TIMESTAMP", "YES"),
    ]


def test_a_session_gets_the_next_id_and_the_present_instant(database):
    database.execute(
        f"{SESSION}) values ('+250788000001', 'CA1', 'math', 'voice'), ('+250788000002', 'CA2', 'math', 'sms')"
    )

    (first, second) = database.execute(
        "select id, timestamp, session_duration from user_sessions order by id"
    ).fetchall()
    assert (first[0], second[0]) == (1, 2)
    assert abs(datetime.now(UTC).replace(tzinfo=None) - first[1]) < timedelta(minutes=1)
    assert first[2] is None


def test_a_duration_comes_back_as_it_was_stored(database):
    database.execute(f"{SESSION}, session_duration) values ('+250788000001', 'CA1', 'math', 'voice', 45.67)")

    assert database.execute("select session_duration from user_sessions").fetchall() == [(45.67,)]


@pytest.mark.parametrize("missing", range(4))
def test_a_session_without_what_it_must_have_is_refused(database, missing):
    values = ["'+250788000001'", "'CA1'", "'math'", "'voice'"]
    values[missing] = "null"

    with pytest.raises(duckdb.ConstraintException, match="NOT NULL"):
        database.execute(f"{SESSION}) values ({', '.join(values)})")


def test_a_module_usage_starts_at_one_use_and_no_time(database):
    database.execute(f"{USAGE}) values ('+250788000001', 'math'), ('+250788000001', 'english')")

    rows = database.execute("select id, usage_count, total_duration from module_usage order by id").fetchall()
    assert rows == [(1, 1, 0.0), (2, 1, 0.0)]
    assert database.execute("select count(last_used) from module_usage").fetchall() == [(2,)]


@pytest.mark.parametrize("values", ["null, 'math'", "'+250788000001', null"])
def test_a_module_usage_without_caller_or_module_is_refused(database, values):
    with pytest.raises(duckdb.ConstraintException, match="NOT NULL"):
        database.execute(f"{USAGE}) values ({values})")


def test_a_caller_uses_a_module_once_in_the_table(database):
    database.execute(f"{USAGE}) values ('+250788000001', 'math')")

    with pytest.raises(duckdb.ConstraintException, match=r"[Dd]uplicate key"):
        database.execute(f"{USAGE}) values ('+250788000001', 'math')")


def test_a_second_use_can_be_added_as_the_logger_does(database):
    for _ in range(2):
        database.execute(
            f"""{USAGE}, total_duration) values ('+250788000001', 'math', 10.5)
            on conflict (phone_number, module_name) do update
            set usage_count = usage_count + 1, total_duration = total_duration + excluded.total_duration"""
        )

    assert database.execute("select usage_count, total_duration from module_usage").fetchall() == [(2, 21.0)]


def test_both_indexes_of_the_specification_exist(database):
    rows = database.execute("select index_name, table_name, expressions from duckdb_indexes() order by 1").fetchall()

    assert [(name, table, str(columns).replace('"', "").replace("'", "")) for name, table, columns in rows] == [
        ("idx_phone_timestamp", "user_sessions", "[phone_number, timestamp]"),
        ("idx_session_id", "user_sessions", "[session_id]"),
    ]


def test_the_files_can_be_executed_again(database):
    database.execute(f"{USAGE}) values ('+250788000001', 'math')")

    for path in (resource_folder("sql") / "database").glob("*.sql"):
        database.execute(path.read_text())

    assert database.execute("select count(*) from module_usage").fetchall() == [(1,)]
