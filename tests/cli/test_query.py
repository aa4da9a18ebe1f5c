"""``sql``, ``metric`` and ``schema``: what they print in which format."""

from __future__ import annotations

import csv
import io
import json
import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
import pytest

from bakame_duck import connect, list_metrics, metric
from bakame_duck.resources import resource_folder
from bakame_duck.settings import Settings
from tests.cli.helpers import COUNT
from tests.conftest import Given

if TYPE_CHECKING:
    from tests.report_fixtures import Run, Start

pytest_plugins = ["tests.report_fixtures"]


def test_metric_without_a_name_lists_every_metric_with_its_meaning(run: Run) -> None:
    rows = json.loads(run("metric", "--format", "json").out)

    assert {path.stem for path in (resource_folder("sql") / "metrics").rglob("*.sql")} == {
        row["metric"] for row in rows
    }
    assert [(known.name, known.meaning, ", ".join(known.parameters)) for known in list_metrics()] == [
        tuple(row.values()) for row in rows
    ]
    assert [] == [row["metric"] for row in rows if not re.fullmatch(r"[A-Z].{10,}\.", row["meaning"])]


WEEK = ["--set", "since=2026-01-12", "--set", "until=2026-01-19"]
LATENCY = "from latency_percentiles(since := timestamp '2026-01-12', until := timestamp '2026-01-19')"


@pytest.fixture(scope="module")
def latency(sample_folder: Path) -> pl.DataFrame:
    rows = connect(sample_folder, settings=Settings.model_construct()).sql(LATENCY).pl()
    assert rows.height > 20
    return rows


def as_text(rows: pl.DataFrame) -> list[list[str]]:
    return [[str(value) for value in row] for row in rows.rows()]


def test_json_reads_back(run: Run, sample_folder: Path, latency: pl.DataFrame) -> None:
    outcome = run("metric", "latency_percentiles", *WEEK, "--data", sample_folder, "--format", "json")

    assert (0, "") == (outcome.code, outcome.err)
    assert [row | {"day": str(row["day"])} for row in latency.to_dicts()] == json.loads(outcome.out)


def test_csv_reads_back(run: Run, sample_folder: Path, latency: pl.DataFrame) -> None:
    outcome = run("metric", "latency_percentiles", *WEEK, "--data", sample_folder, "--format", "csv")

    head, *rows = csv.reader(io.StringIO(outcome.text))
    assert latency.columns == head
    assert as_text(latency) == rows


def test_parquet_reads_back(run: Run, sample_folder: Path, latency: pl.DataFrame) -> None:
    outcome = run("metric", "latency_percentiles", *WEEK, "--data", sample_folder, "--format", "parquet")

    assert latency.equals(pl.read_parquet(io.BytesIO(outcome.out)))


@pytest.mark.parametrize("form", ["markdown", "table"])
def test_tables_read_back(run: Run, sample_folder: Path, latency: pl.DataFrame, form: str) -> None:
    outcome = run("metric", "latency_percentiles", *WEEK, "--data", sample_folder, "--format", form)

    lines = [line.replace("|", " ").split() for line in outcome.text.splitlines()]
    rows = [[f"{value:,.2f}" if isinstance(value, float) else str(value) for value in row] for row in latency.rows()]
    assert latency.columns == lines[0]
    assert rows == lines[2 if form == "markdown" else 1 :]


def test_as_of_latest_looks_back_from_the_last_record(run: Run, sample_folder: Path) -> None:
    con = connect(sample_folder, settings=Settings.model_construct())
    ((last,),) = con.sql("select max(timestamp) from user_sessions").fetchall()

    outcome = run("metric", "error_rate_analysis", "--as-of", "latest", "--data", sample_folder, "--format", "json")

    expected = metric(con, "error_rate_analysis", as_of=last).pl().to_dicts()
    assert (0, "") == (outcome.code, outcome.err)
    assert len(expected) > 6
    assert [row | {"date": str(row["date"])} for row in expected] == json.loads(outcome.out)


def test_as_of_an_instant_with_an_offset_is_the_same_instant(run: Run, sample_folder: Path) -> None:
    ask = ["metric", "average_response_times_by_module", "--data", sample_folder, "--format", "csv", "--as-of"]

    outcomes = [run(*ask, instant) for instant in ("2026-01-15T12:00:00", "2026-01-15T14:00:00+02:00")]

    assert "\nmetrics," in outcomes[0].text
    assert outcomes[0].out == outcomes[1].out


def test_a_metric_that_looks_back_from_now_says_so_on_stderr(run: Run, sample_folder: Path) -> None:
    outcome = run("metric", "user_engagement_metrics", "--data", sample_folder, "--format", "json")

    assert (0, b"[]\n") == (outcome.code, outcome.out)
    assert outcome.err == "As of now; --as-of latest looks back from the last record instead.\n"


def test_parameters_are_numbers_durations_and_texts(run: Run, sample_folder: Path) -> None:
    outcome = run(
        *("metric", "user_engagement_metrics", "--as-of", "2026-01-19", "--set", "lookback=2 days"),
        *("--set", "max-rows=3", "--data", sample_folder, "--format", "json"),
    )

    rows = json.loads(outcome.out)
    assert len(rows) == 3
    assert [] == [row for row in rows if not "2026-01-17" <= row["last_activity"] < "2026-01-19"]


def test_sql_prints_rows(run: Run, sample_folder: Path) -> None:
    outcome = run("sql", "select count(*) as calls, 1.5 as x from calls", "--data", sample_folder, "--format", "json")

    expected = connect(sample_folder, settings=Settings.model_construct()).sql("from calls").pl().height
    assert (0, "") == (outcome.code, outcome.err)
    assert [{"calls": expected, "x": 1.5}] == json.loads(outcome.out)


def test_sql_is_read_from_stdin(run: Run, given: Given, monkeypatch: pytest.MonkeyPatch) -> None:
    given.turns(("2026-01-12 10:00:00", "math"))
    monkeypatch.setattr("sys.stdin", io.StringIO("select turn, module_name\nfrom turns\n"))

    outcome = run("sql", "-", "--data", given.folder, "--format", "csv")

    assert outcome.text == "turn,module_name\n1,math\n"


def test_control_characters_of_a_log_do_not_reach_the_terminal(run: Run, given: Given) -> None:
    given.records({"user_input": "\x1b[31mred", "ai_response": "[red]x[/red] [PHONE_REDACTED]"})

    outcome = run("sql", "select user_input, ai_response from user_sessions", "--data", given.folder)

    assert ["�[31mred", "[red]x[/red]", "[PHONE_REDACTED]"] == outcome.text.splitlines()[1].split()


def test_an_unreadable_file_is_named_on_stderr(run: Run, given: Given) -> None:
    given.turns(("2026-01-12 10:00:00", "math"))
    given.file(b"no gzip", "user_sessions_2026-01-05.csv.gz")

    outcome = run(*COUNT, "--data", given.folder)

    assert [{"records": 2}] == json.loads(outcome.out)
    assert outcome.err.startswith(f"Skipped: {given.folder / 'user_sessions_2026-01-05.csv.gz'}: ")
    assert len(outcome.err.splitlines()) == 1


@pytest.mark.parametrize(
    ("option", "setting", "mirrors"),
    [(None, "true", 1), (None, "false", 0), ("--mirror", "false", 1), ("--no-mirror", "true", 0)],
)
def test_the_mirror_is_read_by_default(run: Run, given: Given, option: str | None, setting: str, mirrors: int) -> None:
    given.turns(("2026-01-12 10:00:00", "math"))
    run("refresh", "--data", given.folder)
    Path("bakame-duck.toml").write_text(f"mirror = {setting}")
    query = "select count(*) > 0 as mirrored from duckdb_views() where sql like '%read_parquet%'"

    outcome = run("sql", query, "--data", given.folder, "--format", "json", *([option] if option else []))

    assert [{"mirrored": bool(mirrors)}] == json.loads(outcome.out)


def test_the_schema_has_31_columns(run: Run) -> None:
    head, rule, *rows = run("schema", "--format", "markdown").text.splitlines()

    assert head == "| column | type | unit | meaning | example |"
    assert set(rule) == set("|-")
    assert len(rows) == 31
    assert rows[0].startswith("| timestamp | TIMESTAMP | UTC |")


@pytest.mark.parametrize("words", ["sql 'from range(200000)' --format csv", "metric --format json", "schema"])
def test_a_closed_pipe_is_not_an_error(start: Start, sample_folder: Path, words: str) -> None:
    with start(*shlex.split(words), BAKAME_DUCK_DATA=str(sample_folder)) as process:
        process.stdout.readline()
        process.stdout.close()
        told = process.stderr.read()

    assert (0, "") == (process.returncode, told)
