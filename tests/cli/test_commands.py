"""The command line: what it answers, what it refuses and how it says so."""

from __future__ import annotations

import csv
import filecmp
import io
import json
import os
import re
import shlex
import shutil
import signal
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
import pytest
import typer

from bakame_duck import connect, list_metrics, metric
from bakame_duck.cli import app
from bakame_duck.reports import index, kernel, runner
from bakame_duck.resources import resource_folder
from bakame_duck.settings import Settings
from bakame_duck.timespan import Period
from tests.conftest import Given, as_csv, cells

if TYPE_CHECKING:
    from tests.report_fixtures import Run, Start

pytest_plugins = ["tests.report_fixtures"]

ROOT = Path(__file__).parents[2]


def commands() -> Iterator[tuple[str, typer.core.TyperCommand]]:
    """Yield every command by what a user types for it."""
    for name, command in typer.main.get_command(app.app).commands.items():
        if isinstance(command, typer.core.TyperGroup):
            yield from ((f"{name} {below}", inner) for below, inner in command.commands.items())
        else:
            yield name, command


COMMANDS = dict(commands())


def examples(command: typer.core.TyperCommand) -> list[str]:
    return re.findall(r"\[dim\](bakame-duck .*)\[/\]", command.help or "")


# Help


def test_the_commands_are_known_to_these_tests() -> None:
    assert {
        "report weekly",
        "report tts",
        "sql",
        "query",
        "check",
        "refresh",
        "schema",
        "sample",
        "lab",
        "verify",
    } <= COMMANDS.keys()


@pytest.mark.parametrize("arguments", [["--help"], ["-h"], ["report", "--help"]], ids=" ".join)
def test_help_lists_the_commands(run: Run, arguments: list[str]) -> None:
    outcome = run(*arguments)

    assert (0, "") == (outcome.code, outcome.err)
    listed = {
        name.removeprefix("report ") for name in COMMANDS if ("report" in arguments) == name.startswith("report ")
    }
    assert set() == listed - set(outcome.text.split())


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_of_a_command_has_an_example(run: Run, name: str) -> None:
    outcome = run(*name.split(), "--help")

    assert (0, "") == (outcome.code, outcome.err)
    shown = " ".join(re.sub(r"[│╭╰─╮╯]", " ", outcome.text).split())
    assert examples(COMMANDS[name])
    assert [] == [example for example in examples(COMMANDS[name]) if " ".join(example.split()) not in shown]


@pytest.mark.parametrize("name", COMMANDS)
def test_an_example_can_be_typed(name: str) -> None:
    for example in examples(COMMANDS[name]):
        words = shlex.split(example)[1:]

        assert name.split() == words[: len(name.split())]
        COMMANDS[name].make_context(name, words[len(name.split()) :])  # refuses what it does not take


@pytest.mark.parametrize("name", COMMANDS)
def test_the_readme_shows_every_command(name: str) -> None:
    assert f"bakame-duck {name}" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_version_names_duckdb_too(run: Run) -> None:
    assert re.fullmatch(r"bakame-duck \d+\.\d+\.\d+ \(DuckDB \d+\.\d+\.\d+\S*\)\n", run("--version").text)


@pytest.mark.parametrize("arguments", [[], ["report"]], ids=["nothing", "report"])
def test_without_a_command_the_help_is_shown(run: Run, arguments: list[str]) -> None:
    outcome = run(*arguments)

    assert (2, "") == (outcome.code, outcome.err)
    assert "Usage: bakame-duck" in outcome.text


# Mistakes


REFUSED = {
    "no such week": ["report", "weekly", "--week", "2026-W99"],
    "no week": ["report", "weekly", "--week", "nonsense"],
    "an empty week": ["report", "weekly", "--week", ""],
    "a week at the end of time": ["report", "weekly", "--week", "9999-W52"],
    "a week without records": ["report", "weekly", "--week", "2020-W01"],
    "no such time zone": ["report", "weekly", "--timezone", "Mars/Olympus"],
    "half a span": ["report", "tts", "--since", "2026-01-12"],
    "the other half": ["report", "tts", "--until", "2026-01-12"],
    "a span and a week": ["report", "tts", "--since", "2026-01-12", "--until", "2026-01-14", "--week", "2026-W03"],
    "a span and the last weeks": ["report", "tts", "--since", "2026-01-12", "--until", "2026-01-14", "--last", "2"],
    "a week of voices and the last ones": ["report", "tts", "--week", "2026-W03", "--last", "2"],
    "no baseline": ["report", "tts", "--baseline", "Lunaa"],
    "a baseline of several": ["report", "tts", "--baseline", "aura-asteria"],
    "a setting that no voice has": ["report", "tts", "--by", "voice,speed"],
    "no setting at all": ["report", "tts", "--by", ""],
    "a span backwards": ["report", "tts", "--since", "2026-01-12", "--until", "2026-01-10"],
    "a span of no days": ["report", "tts", "--since", "monday", "--until", "friday"],
    "an empty span": ["report", "tts", "--since", "", "--until", ""],
    "a span at the beginning of time": ["report", "tts", "--since", "0001-01-01", "--until", "2026-01-10"],
    "an empty week of tts": ["report", "tts", "--week", ""],
    "a week and the last ones": ["report", "weekly", "--week", "2026-W03", "--last", "2"],
    "no last week": ["report", "weekly", "--last", "0"],
    "a week compared with itself": ["report", "weekly", "--week", "2026-W03", "--compare-to", "2026-W03"],
    "no week to compare with": ["report", "weekly", "--compare-to", "2026-W99"],
    "an empty week to compare with": ["report", "weekly", "--compare-to", "2020-W01"],
    "a page in no known format": ["report", "weekly", "--format", "pfd"],
    "a page in no format": ["report", "tts", "--format", ""],
    "no report to verify": ["verify", "missing.json"],
    "no such report option": ["report", "weekly", "--weak", "2026-W03"],
    "no such metric": ["query", "latency_percentile"],
    "no such parameter": ["query", "latency_percentiles", "--set", "sinc=2026-01-12"],
    "no such parameter beside as_of": ["query", "error_rate_analysis", "--set", "lookbak=1 day"],
    "a bad instant": ["query", "latency_percentiles", "--set", "since=whenever"],
    "an instant at the beginning of time": ["query", "activity", "--set", "until=0001-01-01T00:00:00+14:00"],
    "a bad duration": ["query", "error_rate_analysis", "--set", "lookback=a while"],
    "a bad instant to mirror from": ["refresh", "--since", "yesterday"],
    "no instant to mirror from": ["refresh", "--since", ""],
    "an instant to mirror from that no calendar has": ["refresh", "--since", "0001-01-01T00:00:00+05:00"],
    "a ledger in rows": ["check", "--format", "csv"],
    "an endless duration": ["query", "error_rate_analysis", "--set", "lookback=9999999999 days"],
    "a bad number": ["query", "user_engagement_metrics", "--set", "max_rows=many"],
    "a parameter without a value": ["query", "latency_percentiles", "--set", "since"],
    "a bad time zone of a metric": ["query", "latency_percentiles", "--set", "timezone=Mars"],
    "a bad as-of": ["query", "error_rate_analysis", "--as-of", "whenever"],
    "as-of where none is taken": ["query", "latency_percentiles", "--as-of", "latest"],
    "a bad format": ["query", "activity", "--format", "xml"],
    "bad SQL": ["sql", "selec 1"],
    "SQL on no view": ["sql", "from turnss"],
    "SQL that fails": ["sql", "select cast('a' as integer)"],
    "two lines of bad SQL": ["sql", "select 1,\n2 frm turns"],
    "no SQL": ["sql"],
    "no such command": ["reprot"],
    "no such report": ["report", "monthly"],
    "no such option": ["--wherever"],
}
TOLD = {
    "no such week": "There is no week 2026-W99",
    "a week without records": "The logs have no record in 2020-W01",
    "no such metric": "No metric is called latency_percentile. Did you mean latency_percentiles?",
    "no such parameter": "The metric latency_percentiles has no parameter sinc. Did you mean since?",
    "half a span": "A report is of a week, of the last ones, or of a span of days with both its ends",
    "no baseline": "No configuration is called Lunaa. Did you mean Luna?",
    "a baseline of several": "Several configurations are called aura-asteria",
    "a setting that no voice has": "The report's parameter settings: speed is no setting of a voice.",
    "a week compared with itself": "2026-W03 would be compared with itself",
    "a page in no known format": "A report has no format 'pfd'. Did you mean pdf?",
    "no report to verify": "missing.json cannot be read: No such file or directory",
    "SQL on no view": "Catalog Error: Table with name turnss does not exist!",
}


def assert_two_lines(err: str) -> None:
    told, hint = err.splitlines()
    assert re.match(r"Error: \S", told)
    assert re.match(r"Hint: \S", hint)
    assert "Traceback" not in err


@pytest.mark.parametrize("mistake", REFUSED)
def test_a_mistake_is_told_in_two_lines(run: Run, sample_folder: Path, tmp_path: Path, mistake: str) -> None:
    words = REFUSED[mistake]
    data = (
        ["--data", sample_folder]
        if words[0] in ("report", "query", "sql", "verify") and words[1:] != ["monthly"]
        else []
    )
    out = ["--out", tmp_path / "out"] if words[:2] in (["report", "weekly"], ["report", "tts"]) else []

    outcome = run(*words, *data, *out)

    assert (2, b"") == (outcome.code, outcome.out)
    assert_two_lines(outcome.err)
    assert TOLD.get(mistake, "") in outcome.err
    assert [] == list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "words",
    [
        ["report", "weekly", "--week", "2026-W99"],
        ["report", "tts", "--since", "2026-01-12"],
        ["query", "latency_percentiles", "--set", "since=whenever"],
        ["sql", "from turnss"],
        ["reprot"],
    ],
    ids=" ".join,
)
def test_the_real_command_tells_a_mistake_in_two_lines(
    start: Start, sample_folder: Path, tmp_path: Path, words: list[str]
) -> None:
    data = ["--data", sample_folder] if len(words) > 1 else []

    process = start(*words, *data, cwd=tmp_path)
    out, err = process.communicate(timeout=60)

    assert (2, "") == (process.returncode, out)
    assert_two_lines(err)
    assert [] == list(tmp_path.iterdir())


@pytest.mark.parametrize("words", ["report weekly", "report tts", "sql select", "query activity", "lab"])
@pytest.mark.parametrize("place", ["empty", "missing", "a file"])
def test_a_folder_without_logs_is_told_in_two_lines(run: Run, tmp_path: Path, words: str, place: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "a file").touch()

    outcome = run(*words.split(), "--data", tmp_path / place)

    assert (2, b"") == (outcome.code, outcome.out)
    assert_two_lines(outcome.err)
    assert ("No logs in " if place == "empty" else "No folder ") + str(tmp_path / place) in outcome.err
    assert [] == list(Path.cwd().iterdir())


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ('timezone = "Mars"', "Setting timezone: no time zone is called Mars"),
        ("[objectives]\nllm_latncy = 1", "Setting objectives.llm_latncy: "),
        ("timezone = ", "bakame-duck.toml: "),
    ],
)
def test_a_bad_setting_is_told_in_two_lines(run: Run, sample_folder: Path, content: str, told: str) -> None:
    Path("bakame-duck.toml").write_text(content)

    outcome = run("query", "activity", "--data", sample_folder)

    assert (2, b"") == (outcome.code, outcome.out)
    assert_two_lines(outcome.err)
    assert told in outcome.err


def test_a_place_that_cannot_be_written_is_told_in_two_lines(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a file").touch()

    outcome = run("sample", tmp_path / "a file" / "below", "--days", 1)

    assert (1, b"") == (outcome.code, outcome.out)
    assert_two_lines(outcome.err)


# Data and settings


def records_on(folder: Path, *days: str) -> Path:
    folder.mkdir()
    records = as_csv(*(cells({"timestamp": f"{day}T10:00:00"}) for day in days))
    (folder / "user_sessions.csv").write_bytes(records)
    return folder


COUNT = ["sql", "select count(*) as records from user_sessions", "--format", "json"]


def test_data_may_be_named_more_than_once(run: Run, tmp_path: Path) -> None:
    first = records_on(tmp_path / "first", "2026-01-05")
    second = records_on(tmp_path / "second", "2026-01-12", "2026-01-13")

    assert [{"records": 3}] == json.loads(run(*COUNT, "--data", first, "--data", second).out)


def test_data_is_taken_from_the_environment(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folders = [records_on(tmp_path / "first", "2026-01-05"), records_on(tmp_path / "second", "2026-01-12")]
    monkeypatch.setenv("BAKAME_DUCK_DATA", os.pathsep.join(map(str, folders)))

    assert [{"records": 2}] == json.loads(run(*COUNT).out)


def test_the_option_stands_over_the_environment_and_that_over_the_file(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders = [records_on(tmp_path / str(count), *["2026-01-05"] * count) for count in (1, 2, 3)]
    found = []
    Path("bakame-duck.toml").write_text(f'data = "{folders[0]}"')
    found.append(run(*COUNT))
    monkeypatch.setenv("BAKAME_DUCK_DATA", str(folders[1]))
    found.append(run(*COUNT))
    found.append(run(*COUNT, "--data", folders[2]))

    assert [1, 2, 3] == [json.loads(outcome.out)[0]["records"] for outcome in found]


def test_data_is_looked_for_in_the_working_folder(run: Run) -> None:
    records_on(Path("data"), "2026-01-05")

    assert [{"records": 1}] == json.loads(run(*COUNT).out)


@pytest.mark.parametrize(
    "words",
    [
        "weekly --week 2026-W60",
        "weekly --week 2026-W03 --compare-to someday",
        "weekly --week 2026-W03 --last 2",
        "weekly --timezone Mars/Olympus",
        "weekly --format docx",
        "tts --week 2026-W60",
        "tts --since 2026-01-05 --until 2026-01-01",
        "tts --since monday --until 2026-01-01",
        "tts --since 2026-01-05",
    ],
)
def test_what_cannot_be_meant_is_refused_before_a_kernel_starts(
    run: Run, sample_folder: Path, monkeypatch: pytest.MonkeyPatch, words: str
) -> None:
    started = []
    monkeypatch.setattr(kernel, "Kernel", lambda: started.append(words))

    outcome = run("report", *words.split(), "--data", sample_folder)

    assert (2, b"") == (outcome.code, outcome.out)
    assert ["Error:", "Hint:"] == [line.split()[0] for line in outcome.err.splitlines()]
    assert [] == started


@pytest.fixture
def asked_for(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Period, Path]]:
    """The reports that the command asks for, without making them."""
    asked: list[tuple[str, Period, Path]] = []

    def make_reports(orders: list[runner.ReportRequest], *, out: Path, **_: object) -> list[list[Path]]:
        asked.extend((order.kind.stem, order.period, out) for order in orders)
        return [[out / f"{order.stem}.html"] for order in orders]

    monkeypatch.setattr(runner, "make_reports", make_reports)
    monkeypatch.setattr(index, "write_index", lambda folder: folder / "index.html")
    return asked


@pytest.mark.parametrize(
    ("words", "content", "stem", "label", "since", "out"),
    [
        ("weekly", "", "weekly-performance", "2026-W03", "2026-01-11 22:00", "reports"),
        ("weekly --week 2025-W52", "", "weekly-performance", "2025-W52", "2025-12-21 22:00", "reports"),
        ("weekly", 'timezone = "UTC"', "weekly-performance", "2026-W03", "2026-01-12 00:00", "reports"),
        ("weekly", 'reports = "there"', "weekly-performance", "2026-W03", "2026-01-11 22:00", "there"),
        ("weekly --out here", 'reports = "there"', "weekly-performance", "2026-W03", "2026-01-11 22:00", "here"),
        (
            "weekly --timezone Asia/Tokyo",
            'timezone = "UTC"',
            "weekly-performance",
            "2026-W03",
            "2026-01-11 15:00",
            "reports",
        ),
        ("tts", "", "tts-tuning", "2026-W03", "2026-01-11 22:00", "reports"),
        ("tts --week 2026-W02", "", "tts-tuning", "2026-W02", "2026-01-04 22:00", "reports"),
        (
            "tts --since 2025-12-22 --until 2026-01-19",
            "",
            "tts-tuning",
            "2025-12-22-to-2026-01-18",
            "2025-12-21 22:00",
            "reports",
        ),
    ],
)
def test_a_report_is_asked_for(
    run: Run,
    sample_folder: Path,
    asked_for: list[tuple[str, Period, Path]],
    words: str,
    content: str,
    stem: str,
    label: str,
    since: str,
    out: str,
) -> None:
    Path("bakame-duck.toml").write_text(content)

    outcome = run("report", *words.split(), "--data", sample_folder)

    assert (0, f"{out}/{stem}-{label}.html\n", "") == (outcome.code, outcome.text, outcome.err)
    ((asked_stem, period, asked_out),) = asked_for
    assert (stem, label, since, Path(out)) == (asked_stem, period.label, f"{period.since:%Y-%m-%d %H:%M}", asked_out)


# Rows


def test_query_alone_lists_every_metric_with_its_meaning(run: Run) -> None:
    rows = json.loads(run("query", "--format", "json").out)

    assert {path.stem for path in (resource_folder("sql") / "metrics").glob("*.sql")} == {row["metric"] for row in rows}
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
    outcome = run("query", "latency_percentiles", *WEEK, "--data", sample_folder, "--format", "json")

    assert (0, "") == (outcome.code, outcome.err)
    assert [row | {"day": str(row["day"])} for row in latency.to_dicts()] == json.loads(outcome.out)


def test_csv_reads_back(run: Run, sample_folder: Path, latency: pl.DataFrame) -> None:
    outcome = run("query", "latency_percentiles", *WEEK, "--data", sample_folder, "--format", "csv")

    head, *rows = csv.reader(io.StringIO(outcome.text))
    assert latency.columns == head
    assert as_text(latency) == rows


def test_parquet_reads_back(run: Run, sample_folder: Path, latency: pl.DataFrame) -> None:
    outcome = run("query", "latency_percentiles", *WEEK, "--data", sample_folder, "--format", "parquet")

    assert latency.equals(pl.read_parquet(io.BytesIO(outcome.out)))


@pytest.mark.parametrize("form", ["markdown", "table"])
def test_tables_for_people_read_back(run: Run, sample_folder: Path, latency: pl.DataFrame, form: str) -> None:
    outcome = run("query", "latency_percentiles", *WEEK, "--data", sample_folder, "--format", form)

    lines = [line.replace("|", " ").split() for line in outcome.text.splitlines()]
    rows = [[f"{value:,.2f}" if isinstance(value, float) else str(value) for value in row] for row in latency.rows()]
    assert latency.columns == lines[0]
    assert rows == lines[2 if form == "markdown" else 1 :]


def test_as_of_latest_looks_back_from_the_last_record(run: Run, sample_folder: Path) -> None:
    con = connect(sample_folder, settings=Settings.model_construct())
    ((last,),) = con.sql("select max(timestamp) from user_sessions").fetchall()

    outcome = run("query", "error_rate_analysis", "--as-of", "latest", "--data", sample_folder, "--format", "json")

    expected = metric(con, "error_rate_analysis", as_of=last).pl().to_dicts()
    assert (0, "") == (outcome.code, outcome.err)
    assert len(expected) > 6
    assert [row | {"date": str(row["date"])} for row in expected] == json.loads(outcome.out)


def test_as_of_an_instant_with_an_offset_is_the_same_instant(run: Run, sample_folder: Path) -> None:
    ask = ["query", "average_response_times_by_module", "--data", sample_folder, "--format", "csv", "--as-of"]

    outcomes = [run(*ask, instant) for instant in ("2026-01-15T12:00:00", "2026-01-15T14:00:00+02:00")]

    assert "\nmetrics," in outcomes[0].text
    assert outcomes[0].out == outcomes[1].out


def test_a_metric_that_looks_back_from_now_says_so_beside_its_rows(run: Run, sample_folder: Path) -> None:
    outcome = run("query", "user_engagement_metrics", "--data", sample_folder, "--format", "json")

    assert (0, b"[]\n") == (outcome.code, outcome.out)
    assert outcome.err == "As of now; --as-of latest looks back from the last record instead.\n"


def test_parameters_are_numbers_durations_and_texts(run: Run, sample_folder: Path) -> None:
    outcome = run(
        *("query", "user_engagement_metrics", "--as-of", "2026-01-19", "--set", "lookback=2 days"),
        *("--set", "max-rows=3", "--data", sample_folder, "--format", "json"),
    )

    rows = json.loads(outcome.out)
    assert len(rows) == 3
    assert [] == [row for row in rows if not "2026-01-17" <= row["last_activity"] < "2026-01-19"]


def test_sql_answers(run: Run, sample_folder: Path) -> None:
    outcome = run("sql", "select count(*) as calls, 1.5 as x from calls", "--data", sample_folder, "--format", "json")

    expected = connect(sample_folder, settings=Settings.model_construct()).sql("from calls").pl().height
    assert (0, "") == (outcome.code, outcome.err)
    assert [{"calls": expected, "x": 1.5}] == json.loads(outcome.out)


def test_sql_is_read_from_stdin(run: Run, given: Given, monkeypatch: pytest.MonkeyPatch) -> None:
    given.turns(("2026-01-12 10:00:00", "math"))
    monkeypatch.setattr("sys.stdin", io.StringIO("select turn, module_name\nfrom turns\n"))

    outcome = run("sql", "-", "--data", given.folder, "--format", "csv")

    assert outcome.text == "turn,module_name\n1,math\n"


def test_hostile_text_cannot_command_the_terminal(run: Run, given: Given) -> None:
    given.records({"user_input": "\x1b[31mred", "ai_response": "[red]x[/red] [PHONE_REDACTED]"})

    outcome = run("sql", "select user_input, ai_response from user_sessions", "--data", given.folder)

    assert ["�[31mred", "[red]x[/red]", "[PHONE_REDACTED]"] == outcome.text.splitlines()[1].split()


def test_an_unreadable_file_is_named_beside_the_rows(run: Run, given: Given) -> None:
    given.turns(("2026-01-12 10:00:00", "math"))
    given.file(b"no gzip", "user_sessions_2026-01-05.csv.gz")

    outcome = run(*COUNT, "--data", given.folder)

    assert [{"records": 2}] == json.loads(outcome.out)
    assert outcome.err.startswith(f"Left out: {given.folder / 'user_sessions_2026-01-05.csv.gz'}: ")
    assert len(outcome.err.splitlines()) == 1


# The ledger and the mirror


def test_check_shows_the_ledger_and_a_reject_is_a_loss_only_when_strict(run: Run, sample_folder: Path) -> None:
    plain, strict = run("check", "--data", sample_folder), run("check", "--data", sample_folder, "--strict")

    assert (0, "", 4) == (plain.code, plain.err, strict.code)
    assert plain.text == strict.text
    assert strict.err == "Not all could be read. Exit code 4.\n"
    for title in ("32 log files", "Files that are not simply sound", "Rejects", "Drift of the columns"):
        assert title in plain.text


def test_check_strict_is_content_with_sound_logs(run: Run, given: Given) -> None:
    given.turns(("2026-01-12 10:00:00", "math"))

    outcome = run("check", "--strict", "--data", given.folder)

    assert (0, "") == (outcome.code, outcome.err)


@pytest.mark.parametrize("arguments", [[], ["--strict"], ["--format", "json"]], ids=" ".join)
def test_check_tells_of_a_file_that_cannot_be_read_by_its_exit_code(
    run: Run, given: Given, arguments: list[str]
) -> None:
    given.turns(("2026-01-12 10:00:00", "math"))
    given.file(b"not gzip", "user_sessions_1.csv.gz")

    outcome = run("check", "--data", given.folder, *arguments)

    assert outcome.code == 4
    assert "user_sessions_1.csv.gz" in outcome.text


def test_check_gives_json_that_adds_up(run: Run, sample_folder: Path) -> None:
    ledger = json.loads(run("check", "--data", sample_folder, "--format", "json").out)

    for file in ledger["files"]:
        assert file["records"] == file["rows"] + file["rejects"] + (file["pending_bytes"] > 0)
    read = [file for file in ledger["files"] if file["state"] in ("sound", "repaired")]
    assert ledger["totals"]["rows"] == sum(file["rows"] for file in read)
    assert ledger["totals"]["rejects"] == len(ledger["rejects"])


def test_refresh_says_what_it_did(run: Run, given: Given) -> None:
    given.turns(("2026-01-12 10:00:00", "math"))
    given.file(as_csv(cells({"timestamp": "2026-01-20T10:00:00"})), "user_sessions_2.csv")

    said = [
        run("refresh", "--data", given.folder, *arguments).text.split(":")[0]
        for arguments in (["--since", "2026-01-19"], [], [], ["--since", "2026-01-20T12:00:00+02:00"])
    ]

    assert said == [
        "1 of 1 rotated logs mirrored anew",
        "1 of 2 rotated logs mirrored anew",
        "0 of 2 rotated logs mirrored anew",
        "0 of 1 rotated logs mirrored anew",
    ]


@pytest.mark.parametrize(
    ("option", "setting", "mirrors"),
    [(None, "true", 1), (None, "false", 0), ("--mirror", "false", 1), ("--no-mirror", "true", 0)],
)
def test_the_mirror_is_read_unless_it_is_not_wanted(
    run: Run, given: Given, option: str | None, setting: str, mirrors: int
) -> None:
    given.turns(("2026-01-12 10:00:00", "math"))
    run("refresh", "--data", given.folder)
    Path("bakame-duck.toml").write_text(f"mirror = {setting}")
    query = "select sql like '%read_parquet%' as mirrored from duckdb_views() where view_name = 'log_records'"

    outcome = run("sql", query, "--data", given.folder, "--format", "json", *([option] if option else []))

    assert [{"mirrored": bool(mirrors)}] == json.loads(outcome.out)


def test_a_report_makes_the_mirror_unless_it_is_not_wanted(
    run: Run, sample_folder: Path, tmp_path: Path, asked_for: list[tuple[str, Period, Path]]
) -> None:
    folder = tmp_path / "logs"
    shutil.copytree(sample_folder, folder, ignore=shutil.ignore_patterns(".bakame-duck"))

    assert run("report", "weekly", "--data", folder, "--no-mirror").code == 0
    without = len(list((folder / ".bakame-duck").glob("*.parquet")))
    assert run("report", "weekly", "--data", folder).code == 0

    assert (0, 30) == (without, len(list((folder / ".bakame-duck").glob("*.parquet"))))


def test_the_schema_has_31_columns(run: Run) -> None:
    head, rule, *rows = run("schema", "--format", "markdown").text.splitlines()

    assert head == "| column | type | unit | meaning | example |"
    assert set(rule) == set("|-")
    assert len(rows) == 31
    assert rows[0].startswith("| timestamp | TIMESTAMP | UTC |")


@pytest.mark.parametrize("words", ["sql 'from range(200000)' --format csv", "query --format json", "schema"])
def test_a_reader_that_stops_early_is_no_error(start: Start, sample_folder: Path, words: str) -> None:
    with start(*shlex.split(words), BAKAME_DUCK_DATA=str(sample_folder)) as process:
        process.stdout.readline()
        process.stdout.close()
        told = process.stderr.read()

    assert (0, "") == (process.returncode, told)


# The sample


def test_the_kept_sample_is_what_the_command_writes(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "sample"

    outcome = run("sample", folder)

    kept = sorted(path.name for path in (ROOT / "data" / "sample").iterdir() if not path.name.startswith("."))
    assert (0, "") == (outcome.code, outcome.err)
    assert kept == sorted(path.name for path in folder.iterdir())
    assert kept == sorted(Path(line).name for line in outcome.text.splitlines())
    same, different, missing = filecmp.cmpfiles(ROOT / "data" / "sample", folder, kept, shallow=False)
    assert (kept, [], []) == (sorted(same), different, missing)


def test_a_sample_does_not_overwrite_logs(run: Run, tmp_path: Path) -> None:
    arguments = ("sample", tmp_path / "try", "--days", 2, "--rows-per-day", 20, "--seed", 7)
    assert run(*arguments).code == 0
    before = {path: path.read_bytes() for path in (tmp_path / "try").iterdir()}

    outcome = run(*arguments)

    assert (2, b"") == (outcome.code, outcome.out)
    assert_two_lines(outcome.err)
    assert before == {path: path.read_bytes() for path in (tmp_path / "try").iterdir()}


# JupyterLab


@pytest.fixture
def lab(start: Start, sample_folder: Path, tmp_path: Path) -> Iterator[str]:
    """The address of a JupyterLab that the command has opened."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = ["--no-browser", "--allow-root", f"--port={port}", "--ServerApp.port_retries=0"]
    words = ["lab", "--data", sample_folder, "--", *server, "--IdentityProvider.token="]
    process = start(*words, cwd=tmp_path, HOME=str(tmp_path), JUPYTER_NO_CONFIG="1")
    yield f"http://127.0.0.1:{port}"
    os.killpg(process.pid, signal.SIGTERM)  # as when its terminal is closed
    process.communicate(timeout=60)


def answer(url: str, within: float = 60) -> dict[str, object]:
    deadline = time.monotonic() + within
    while True:
        try:
            with urllib.request.urlopen(url, timeout=5) as response:  # noqa: S310  # our own, on this machine
                return dict(json.load(response))
        except (urllib.error.URLError, ConnectionError):
            assert time.monotonic() < deadline, "JupyterLab does not answer"
            time.sleep(0.1)


def test_lab_opens_jupyterlab_on_the_notebooks(lab: str) -> None:
    listed = answer(f"{lab}/api/contents")

    assert {path.name for path in resource_folder("notebooks").glob("*.ipynb")} <= {
        item["name"] for item in listed["content"]
    }
