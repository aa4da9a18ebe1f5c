import os
from concurrent.futures import ThreadPoolExecutor

import duckdb
import pytest

from bakame_duck import connect
from bakame_duck.catalog.template import column_comments, connect_empty, meaning
from bakame_duck.errors import DataFolderError
from bakame_duck.resources import resource_folder
from bakame_duck.settings import Settings
from tests.conftest import as_csv, cells


def list_files(folder):
    """Return the SQL files of a folder by the name of what they create."""
    return {path.stem: path for path in sorted((resource_folder("sql") / folder).rglob("*.sql"))}


METRICS = sorted(list_files("metrics"))
ROWS_OVER_NOTHING = {
    "activity": 1,
    "objectives_report": 10,
    "unattributed_latency": 1,
}
PUBLIC_VIEWS = [
    "callers",
    "calls",
    "health_checks",
    "ingest_cells",
    "ingest_drift",
    "ingest_files",
    "ingest_rejects",
    "ingest_totals",
    "interactions",
    "module_usage",
    "objectives",
    "personal_data",
    "turns",
    "user_sessions",
    "voice_auditions",
]


def test_show_tables_lists_the_public_views(empty, emitter):
    assert [name for (name,) in empty.execute("show tables").fetchall()] == PUBLIC_VIEWS
    assert [name for (name,) in emitter.execute("show tables").fetchall()] == PUBLIC_VIEWS


def test_every_public_view_and_each_of_its_columns_has_a_comment(empty):
    views = empty.execute(
        "select view_name, comment from duckdb_views() where schema_name = 'main' and not internal"
    ).fetchall()
    columns = empty.execute(
        "select table_name, column_name, comment from duckdb_columns() where schema_name = 'main' and not internal"
    ).fetchall()

    comments = dict(views)
    of_columns = {(view, column): comment for view, column, comment in columns}
    assert sorted(comments) == PUBLIC_VIEWS
    assert all(comment and comment.endswith(".") for comment in comments.values())
    assert {view for view, _ in of_columns} == set(PUBLIC_VIEWS)
    assert [name for name, comment in of_columns.items() if not comment] == []
    assert of_columns["user_sessions", "asr_ms"] == "Speech recognition time; 0 = not run or not measured (ms)"


def test_the_header_of_a_view_lists_its_columns_and_no_other(empty):
    for name, path in list_files("views").items():
        columns = [column for column, *_ in empty.execute(f"describe {name}").fetchall()]
        assert list(column_comments(path.read_text())) == [
            column for column in columns if name != "user_sessions" or column.startswith("source_")
        ]


def test_every_relation_and_macro_is_named_after_its_file(emitter):
    views = emitter.execute("select schema_name, view_name from duckdb_views() where not internal").fetchall()
    macros = emitter.execute(
        "select distinct schema_name, function_name, function_type from duckdb_functions() where not internal"
    ).fetchall()

    of_main = {name for schema, name in views if schema == "main"}
    of_internal = {name for schema, name, *_ in [*views, *macros] if schema == "internal"}
    assert of_main == set(list_files("views"))
    assert of_internal == set(list_files("internal")) | {
        "log_cells",
        "log_records",
        "suspect_cells",
        "unrolled_records",
    }
    assert {name for schema, name, kind in macros if (schema, kind) == ("main", "table_macro")} == set(METRICS)
    assert {name for schema, name, kind in macros if (schema, kind) == ("main", "macro")} == set(
        list_files("functions")
    )


@pytest.mark.parametrize("name", METRICS)
def test_a_metric_is_computed_over_no_records(name, empty):
    rows = empty.sql(f"from {name}()").fetchall()

    assert len(rows) == ROWS_OVER_NOTHING.get(name, 0)


@pytest.mark.parametrize("name", METRICS)
def test_a_metric_gives_the_same_columns_over_no_records_as_over_records(name, empty, emitter):
    without, over = (con.sql(f"from {name}()") for con in (empty, emitter))

    assert len(over.columns) > 1
    assert list(zip(without.columns, without.types, strict=True)) == list(zip(over.columns, over.types, strict=True))


def test_several_folders_are_one_connection(given, given_anew):
    other = given_anew()
    given.file(as_csv(cells({"user_input": "one"})))
    other.file(as_csv(cells({"user_input": "two"})))

    con = connect([given.folder, str(other.folder)], settings=Settings.model_construct())

    assert sorted(con.execute("select user_input from user_sessions").fetchall()) == [("one",), ("two",)]


def test_a_missing_folder_is_an_error(tmp_path):
    with pytest.raises(DataFolderError):
        connect(tmp_path / "nowhere", settings=Settings.model_construct())


def test_a_connection_thinks_in_utc(emitter):
    assert emitter.execute("select current_setting('TimeZone')").fetchall() == [("UTC",)]


def test_a_long_query_draws_nothing_among_its_rows(emitter):
    assert emitter.execute("select current_setting('enable_progress_bar')").fetchall() == [(False,)]


def test_connections_do_not_share_anything(given):
    first, second = given.records({}), given.connect()

    first.execute("create table mine as select 1")

    with pytest.raises(duckdb.CatalogException):
        second.execute("from mine")


def test_progress_is_told(given):
    size = given.file(as_csv(cells({}))).stat().st_size
    told = []

    connect(given.folder, settings=Settings.model_construct(), progress=lambda *done: told.append(done))

    assert told == [(size, 2 * size), (2 * size, 2 * size)]


def test_the_meaning_of_a_file_is_the_first_sentence_of_its_header():
    assert meaning("-- Turns, day by day\n-- and hour. In UTC.\nselect 1 -- one\n") == "Turns, day by day and hour."


@pytest.mark.parametrize("name", METRICS)
def test_a_metric_carries_its_meaning_in_the_catalogue(name, empty):
    comment = empty.execute("select comment from duckdb_functions() where function_name = ?", [name]).fetchall()

    assert comment == [(meaning(list_files("metrics")[name].read_text()),)]


def test_the_ledger_adds_up_over_every_kind_of_file(given):
    record = as_csv(cells({"user_input": "a\nb"}))
    given.file(record * 3 + record[:40], "user_sessions.csv")
    given.file(record + record[:80] + record, "user_sessions_1.csv")
    given.file(record * 2, "user_sessions_2.csv")
    given.file(record * 2, "user_sessions_3.csv")
    given.file(b"not gzip", "user_sessions_4.csv.gz")
    given.file(b"", "user_sessions_5.csv")

    con = given.connect()

    rows = con.execute(
        'select state, records, "rows", rejects, pending_bytes > 0 as pending, live from ingest_files order by file'
    ).fetchall()
    assert rows == [
        ("sound", 4, 3, 0, True, True),
        ("repaired", 3, 2, 1, False, False),
        ("sound", 2, 2, 0, False, False),
        ("duplicate", 2, 2, 0, False, False),
        ("unreadable", 0, 0, 0, False, False),
        ("sound", 0, 0, 0, False, False),
    ]
    assert con.execute("select count(*) from user_sessions").fetchall() == [(7,)]
    assert con.execute("select count(*) from ingest_rejects").fetchall() == [(1,)]


@pytest.fixture
def own_cache(tmp_path, monkeypatch):
    """An empty cache folder of the user."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "bakame-duck"


def known(con):
    """Return what a connection says of our tables, views and functions, but for their texts: DuckDB varies them."""
    return [
        con.execute(f"select {columns} from duckdb_{kind}() where not internal order by all").fetchall()
        for kind, columns in (
            ("columns", "table_name, column_name, data_type"),
            ("views", "view_name, comment"),
            ("functions", "function_name, parameters, comment"),
        )
    ]


def test_a_connection_copied_from_the_template_knows_what_the_one_knows_that_made_it(own_cache):
    first = connect_empty()
    (template,) = own_cache.glob("*.duckdb")
    with duckdb.connect(template) as changed:
        changed.execute("create table only_in_the_template (x integer)")
    second = connect_empty()

    assert second.execute("select count(*) from only_in_the_template").fetchall() == [(0,)]
    second.execute("drop table only_in_the_template")
    assert known(second) == known(first)
    columns = "from internal.log_columns"
    assert second.execute(columns).fetchall() == first.execute(columns).fetchall()
    assert second.execute("select current_database(), current_schema()").fetchall() == [("memory", "main")]
    assert second.execute("select database_name from duckdb_databases() where not internal").fetchall() == [("memory",)]


@pytest.mark.parametrize("size", [0, 100, 20_000])
def test_a_torn_template_is_made_anew(size, own_cache):
    first = connect_empty()
    (template,) = own_cache.glob("*.duckdb")
    whole = template.stat().st_size
    os.truncate(template, size)

    assert known(connect_empty()) == known(first)
    assert template.stat().st_size == whole
    assert {path.name for path in own_cache.iterdir()} == {template.name, f"{template.name}.digest"}


def test_without_a_place_for_the_template_every_connection_is_made_from_the_start(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))

    assert known(connect_empty()) == known(connect_empty())


def test_another_release_has_its_own_template_and_a_month_later_the_old_one_goes(own_cache, monkeypatch):
    connect_empty()
    (old,) = own_cache.glob("*.duckdb")
    (own_cache / "other.js").touch()
    monkeypatch.setattr(duckdb, "__version__", "another")
    for path in own_cache.glob(f"{old.name}*"):
        os.utime(path, (0, 0))

    connect_empty()

    assert not old.exists()
    assert {path.suffix for path in own_cache.iterdir()} == {".digest", ".duckdb", ".js"}


def test_connections_made_at_once_share_the_template(own_cache):
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: known(connect_empty()), range(24)))

    assert all(one == made[0] for one in made)
    assert len(list(own_cache.glob("*.duckdb"))) == 1
