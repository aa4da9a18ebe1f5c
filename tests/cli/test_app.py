"""The command line as a whole: help, errors, exit codes, where data and settings come from."""

from __future__ import annotations

import json
import os
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import typer

from bakame_duck.cli import app
from tests.cli.helpers import COUNT, assert_two_lines
from tests.conftest import as_csv, cells

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


def test_these_are_the_commands() -> None:
    assert {
        "report weekly",
        "report tts",
        "cache path",
        "cache info",
        "cache clear",
        "sql",
        "metric",
        "check",
        "refresh",
        "schema",
        "sample",
        "lab",
        "verify",
    } == COMMANDS.keys()


@pytest.mark.parametrize("arguments", [["--help"], ["-h"], ["report", "--help"], ["cache", "--help"]], ids=" ".join)
def test_help_lists_the_commands(run: Run, arguments: list[str]) -> None:
    outcome = run(*arguments)

    assert (0, "") == (outcome.code, outcome.err)
    group = "" if arguments[0].startswith("-") else f"{arguments[0]} "
    names = {name.removeprefix(group).split()[0] for name in COMMANDS if name.startswith(group)}
    assert set() == names - set(outcome.text.split())


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_of_a_command_has_an_example(run: Run, name: str) -> None:
    outcome = run(*name.split(), "--help")

    assert (0, "") == (outcome.code, outcome.err)
    shown = " ".join(re.sub(r"[│╭╰─╮╯]", " ", outcome.text).split())
    assert examples(COMMANDS[name])
    assert [] == [example for example in examples(COMMANDS[name]) if " ".join(example.split()) not in shown]


@pytest.mark.parametrize("name", COMMANDS)
def test_an_example_has_only_options_that_exist(name: str) -> None:
    for example in examples(COMMANDS[name]):
        words = shlex.split(example)[1:]

        assert name.split() == words[: len(name.split())]
        COMMANDS[name].make_context(name, words[len(name.split()) :])


@pytest.mark.parametrize("name", COMMANDS)
def test_the_readme_contains_every_command(name: str) -> None:
    assert f"bakame-duck {name}" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_version_includes_duckdb(run: Run) -> None:
    assert re.fullmatch(r"bakame-duck \d+\.\d+\.\d+ \(DuckDB \d+\.\d+\.\d+\S*\)\n", run("--version").text)


@pytest.mark.parametrize("arguments", [[], ["report"]], ids=["nothing", "report"])
def test_without_a_command_the_help_is_shown(run: Run, arguments: list[str]) -> None:
    outcome = run(*arguments)

    assert (2, "") == (outcome.code, outcome.err)
    assert "Usage: bakame-duck" in outcome.text


# Errors


ERRORS = {
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
    "no such metric": ["metric", "latency_percentile"],
    "no such parameter": ["metric", "latency_percentiles", "--set", "sinc=2026-01-12"],
    "no such parameter beside as_of": ["metric", "error_rate_analysis", "--set", "lookbak=1 day"],
    "a bad instant": ["metric", "latency_percentiles", "--set", "since=whenever"],
    "an instant at the beginning of time": ["metric", "activity", "--set", "until=0001-01-01T00:00:00+14:00"],
    "a bad duration": ["metric", "error_rate_analysis", "--set", "lookback=a while"],
    "a bad instant to mirror from": ["refresh", "--since", "yesterday"],
    "no instant to mirror from": ["refresh", "--since", ""],
    "an instant to mirror from that no calendar has": ["refresh", "--since", "0001-01-01T00:00:00+05:00"],
    "a ledger in rows": ["check", "--format", "csv"],
    "an endless duration": ["metric", "error_rate_analysis", "--set", "lookback=9999999999 days"],
    "a bad number": ["metric", "user_engagement_metrics", "--set", "max_rows=many"],
    "a parameter without a value": ["metric", "latency_percentiles", "--set", "since"],
    "a bad time zone of a metric": ["metric", "latency_percentiles", "--set", "timezone=Mars"],
    "a bad as-of": ["metric", "error_rate_analysis", "--as-of", "whenever"],
    "as-of where none is taken": ["metric", "latency_percentiles", "--as-of", "latest"],
    "a bad format": ["metric", "activity", "--format", "xml"],
    "bad SQL": ["sql", "selec 1"],
    "SQL on no view": ["sql", "from turnss"],
    "SQL that fails": ["sql", "select cast('a' as integer)"],
    "two lines of bad SQL": ["sql", "select 1,\n2 frm turns"],
    "no SQL": ["sql"],
    "the old name of metric": ["query", "activity"],
    "no such folder to cache": ["cache", "info", "--data", "missing"],
    "no such command": ["reprot"],
    "no such report": ["report", "monthly"],
    "no such option": ["--wherever"],
}
MESSAGES = {
    "no such week": "There is no week 2026-W99",
    "a week without records": "The logs have no record in 2020-W01",
    "no such metric": "No metric is called latency_percentile. Did you mean latency_percentiles?",
    "no such parameter": "The metric latency_percentiles has no parameter sinc. Did you mean since?",
    "half a span": "A report covers a week, the newest weeks, or a range of days with both its ends",
    "no baseline": "No configuration is called Lunaa. Did you mean Luna?",
    "a baseline of several": "Several configurations are called aura-asteria",
    "a setting that no voice has": "The report's parameter by: speed is no setting of a voice.",
    "a week compared with itself": "2026-W03 would be compared with itself",
    "a page in no known format": "Unknown report format 'pfd'. Did you mean pdf?",
    "no report to verify": "missing.json cannot be read: No such file or directory",
    "SQL on no view": "Catalog Error: Table with name turnss does not exist!",
}


@pytest.mark.parametrize("error", ERRORS)
def test_an_error_is_two_lines_and_writes_nothing(run: Run, sample_folder: Path, tmp_path: Path, error: str) -> None:
    words = ERRORS[error]
    data = (
        ["--data", sample_folder]
        if words[0] in ("report", "metric", "sql", "verify") and words[1:] != ["monthly"]
        else []
    )
    out = ["--out", tmp_path / "out"] if words[:2] in (["report", "weekly"], ["report", "tts"]) else []

    outcome = run(*words, *data, *out)

    assert (2, b"") == (outcome.code, outcome.out)
    assert_two_lines(outcome.err)
    assert MESSAGES.get(error, "") in outcome.err
    assert [] == list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "words",
    [
        ["report", "weekly", "--week", "2026-W99"],
        ["report", "tts", "--since", "2026-01-12"],
        ["metric", "latency_percentiles", "--set", "since=whenever"],
        ["sql", "from turnss"],
        ["reprot"],
    ],
    ids=" ".join,
)
def test_the_installed_command_prints_an_error_in_two_lines(
    start: Start, sample_folder: Path, tmp_path: Path, words: list[str]
) -> None:
    data = ["--data", sample_folder] if len(words) > 1 else []

    process = start(*words, *data, cwd=tmp_path)
    out, err = process.communicate(timeout=60)

    assert (2, "") == (process.returncode, out)
    assert_two_lines(err)
    assert [] == list(tmp_path.iterdir())


@pytest.mark.parametrize("words", ["report weekly", "report tts", "sql select", "metric activity", "lab"])
@pytest.mark.parametrize("place", ["empty", "missing", "a file"])
def test_a_folder_without_logs_is_an_error_in_two_lines(run: Run, tmp_path: Path, words: str, place: str) -> None:
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
def test_an_invalid_setting_is_an_error_in_two_lines(run: Run, sample_folder: Path, content: str, told: str) -> None:
    Path("bakame-duck.toml").write_text(content)

    outcome = run("metric", "activity", "--data", sample_folder)

    assert (2, b"") == (outcome.code, outcome.out)
    assert_two_lines(outcome.err)
    assert told in outcome.err


def test_a_folder_that_cannot_be_written_is_an_error_in_two_lines(run: Run, tmp_path: Path) -> None:
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


def test_data_can_be_given_more_than_once(run: Run, tmp_path: Path) -> None:
    first = records_on(tmp_path / "first", "2026-01-05")
    second = records_on(tmp_path / "second", "2026-01-12", "2026-01-13")

    assert [{"records": 3}] == json.loads(run(*COUNT, "--data", first, "--data", second).out)


def test_data_is_taken_from_the_environment(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folders = [records_on(tmp_path / "first", "2026-01-05"), records_on(tmp_path / "second", "2026-01-12")]
    monkeypatch.setenv("BAKAME_DUCK_DATA", os.pathsep.join(map(str, folders)))

    assert [{"records": 2}] == json.loads(run(*COUNT).out)


def test_options_override_the_environment_which_overrides_the_file(
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


def test_data_is_a_folder_of_the_working_folder_by_default(run: Run) -> None:
    records_on(Path("data"), "2026-01-05")

    assert [{"records": 1}] == json.loads(run(*COUNT).out)
