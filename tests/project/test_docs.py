"""The pages of ``docs/``: their examples run as they are written."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from bakame_duck import connect
from bakame_duck.reports.document import VERSION
from tests.conftest import NAMES, answer, as_csv

pytest_plugins = ["tests.report_fixtures"]

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
SCHEMA = json.loads((DOCS / "report.schema.json").read_text(encoding="utf-8"))
PAGE = (DOCS / "scheduling.md").read_text(encoding="utf-8")


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", page, re.DOTALL)


def needs(program: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(shutil.which(program) is None, reason=f"{program} is not installed")


def shell(command: str, cwd: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run *command* with sh, as cron does, with our command line on the path."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("BAKAME_DUCK_")}
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    return subprocess.run(
        ["sh", "-c", command],
        cwd=cwd,
        env=environment | variables,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


# The JSON


def test_the_schema_is_valid() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)

    assert VERSION == SCHEMA["properties"]["version"]["const"]


@pytest.mark.parametrize("name", ["weekly", "weekly again", "tts", "tts without columns", "weekly without turns"])
def test_a_report_fits_the_schema(reports: Mapping[str, Path], name: str) -> None:
    told = json.loads(reports[name].with_suffix(".json").read_text(encoding="utf-8"))

    jsonschema.Draft202012Validator(SCHEMA).validate(told)


@pytest.mark.parametrize(
    "change",
    [
        {"version": 1},
        {"report": "monthly"},
        {"since": "2026-01-11T22:00:00"},
        {"made": "today"},
        {"numbers": {"latency": {}}},
        {"numbers": {"objectives": [{"objective": "llm_latency"}]}},
        {"provenance": {}},
        {"compared_with": {"period": "2026-W02"}},
    ],
    ids=str,
)
def test_the_schema_rejects_what_no_report_contains(reports: Mapping[str, Path], change: dict[str, Any]) -> None:
    told = json.loads(reports["weekly"].with_suffix(".json").read_text(encoding="utf-8"))

    assert not jsonschema.Draft202012Validator(SCHEMA).is_valid(told | change)


@pytest.fixture
def beside_reports(reports: Mapping[str, Path], sample_folder: Path, tmp_path: Path) -> Path:
    """A folder with ``reports/`` and ``logs/``, as in the examples."""
    shutil.copytree(reports["weekly"].parent, tmp_path / "reports")
    (tmp_path / "logs").symlink_to(sample_folder)
    return tmp_path


@pytest.mark.parametrize(
    ("number", "program", "shown"),
    [
        (0, "jq", ["LLM latency: ", "Whole turn: "]),
        (1, "sh", ["period ", "2026-W03  LLM latency", "2026-W03  Whole turn"]),
        (2, "sh", ["all "]),
    ],
    ids=["jq", "duckdb", "verify"],
)
def test_an_example_over_the_json_runs(beside_reports: Path, number: int, program: str, shown: list[str]) -> None:
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")
    command = blocks((DOCS / "report-json.md").read_text(encoding="utf-8"), "sh")[number]
    told = json.loads((beside_reports / "reports" / "weekly-performance-2026-W03.json").read_text(encoding="utf-8"))
    breached = {row["title"] for row in told["numbers"]["objectives"] if row["status"] == "breached"}
    assert breached == {"LLM latency", "Whole turn"}

    done = shell(command, beside_reports, BAKAME_DUCK_DATA="logs")

    assert (0, "") == (done.returncode, done.stderr)
    lines = done.stdout.splitlines()
    assert len(shown) == len(lines)
    assert [] == [line for line, start in zip(lines, shown, strict=True) if not line.startswith(start)]


# cron


def cron_line(number: int) -> tuple[str, str]:
    """Return the time and the command of a line of the crontab."""
    line = blocks(PAGE, "cron")[number].strip()
    assert "\n" not in line
    assert "%" not in line  # cron takes it as the end of the line
    found = re.fullmatch(r"((?:\S+ ){5})(.*)", line)
    assert found
    return found[1].strip(), found[2]


@pytest.fixture
def healthz() -> Iterator[tuple[int, list[bytes]]]:
    """The port of a service that gives the answers in the list, one after the other."""
    answers: list[bytes] = []

    class Service(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            assert self.path == "/healthz"
            self.send_response(200 if answers[0].startswith(b"{") else 503)
            self.end_headers()
            self.wfile.write(answers.pop(0))

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Service)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port, answers
    server.shutdown()
    server.server_close()


@needs("curl")
def test_the_health_check_line_appends_a_line_for_each_answer(healthz: tuple[int, list[bytes]], tmp_path: Path) -> None:
    port, answers = healthz
    when, command = cron_line(0)
    assert when == "*/5 * * * *"
    assert "http://localhost:8000/healthz" in command
    assert "/var/log/bakame/" in command
    command = command.replace("localhost:8000", f"127.0.0.1:{port}").replace("/var/log/bakame", str(tmp_path))
    first, second = (answer(f"2026-01-12T10:0{minute}:00", "healthy") for minute in (0, 5))
    answers += [json.dumps(first).encode(), json.dumps(second, indent=1).encode() + b"\r\n", b"bad gateway"]

    outcomes = [shell(command, tmp_path) for _ in range(3)]
    gone = shell(command.replace(str(port), "9"), tmp_path)

    assert [(0, "", "")] * 4 == [(done.returncode, done.stdout, done.stderr) for done in (*outcomes, gone)]
    written = (tmp_path / "health_checks.jsonl").read_bytes()
    lines = written.decode().split("\n")
    assert [first, second] == [json.loads(line) for line in lines[:2]]
    assert ["bad gateway", "", ""] == lines[2:]
    (tmp_path / "user_sessions.csv").write_bytes(as_csv(NAMES))
    rows = connect(tmp_path).sql("select status from health_checks order by checked_at nulls last").fetchall()
    assert [("healthy",), ("healthy",), (None,)] == rows


def on_this_machine(command: str, logs: Path, out: Path) -> str:
    """Return *command* with the paths of the page replaced by those of this machine."""
    for page, here in (
        ("/opt/bakame-duck/.venv/bin", Path(sys.executable).parent),
        ("/var/log/bakame", logs),
        ("/srv/reports", out),
    ):
        assert page in command
        command = command.replace(page, str(here))
    return command


def test_the_report_line_of_cron_prints_nothing(sample_folder: Path, tmp_path: Path) -> None:
    when, command = cron_line(1)

    done = shell(on_this_machine(command, sample_folder, tmp_path / "out"), tmp_path)

    assert when == "0 6 * * 1"
    assert (0, "", "") == (done.returncode, done.stdout, done.stderr)
    assert (tmp_path / "out" / "weekly-performance-2026-W03.html").is_file()


# systemd


@pytest.fixture
def units(tmp_path: Path) -> dict[str, str]:
    """The units of the page, by name."""
    return dict(re.findall(r"`/etc/systemd/system/([\w.-]+)`:\n\n```ini\n(.*?)```", PAGE, re.DOTALL))


@needs("systemd-analyze")
def test_systemd_accepts_the_units(units: dict[str, str], tmp_path: Path) -> None:
    assert {"bakame-report.service", "bakame-report.timer"} == units.keys()
    program = tmp_path / "bakame-duck"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    for name, text in units.items():
        (tmp_path / name).write_text(text.replace("/opt/bakame-duck/.venv/bin/bakame-duck", str(program)))

    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *(str(tmp_path / name) for name in units)],
        capture_output=True,
        text=True,
        check=False,
    )

    told = [line for line in done.stderr.splitlines() if "bakame" in line]
    assert (0, []) == (done.returncode, told), done.stderr


@needs("systemd-analyze")
def test_the_timer_runs_on_mondays_at_six(units: dict[str, str]) -> None:
    (when,) = re.findall("^OnCalendar=(.*)$", units["bakame-report.timer"], re.MULTILINE)

    done = subprocess.run(["systemd-analyze", "calendar", when], capture_output=True, text=True, check=True)

    assert "Normalized form: Mon *-*-* 06:00:00" in done.stdout


def test_the_service_writes_to_its_own_folders_only_and_fails_on_a_breach(
    units: dict[str, str], sample_folder: Path, tmp_path: Path
) -> None:
    unit = dict(re.findall("^(\\w+)=(.*)$", units["bakame-report.service"], re.MULTILINE))
    assert ("/var/log/bakame", "/srv/reports") == (unit["ReadOnlyPaths"], unit["ReadWritePaths"])
    assert ("bakame-duck", "bakame-duck") == (unit["CacheDirectory"], unit["StateDirectory"])
    folders = {"%C": tmp_path / "var" / "cache", "%S": tmp_path / "var" / "lib"}
    for folder in folders.values():
        (folder / "bakame-duck").mkdir(parents=True)
    variables = dict(variable.split("=") for variable in unit["Environment"].split())
    variables = {name: str(folders[value]) for name, value in variables.items()} | {"HOME": "/nonexistent"}

    done = shell(on_this_machine(unit["ExecStart"], sample_folder, tmp_path / "out"), tmp_path, **variables)

    assert 3 == done.returncode
    assert list((tmp_path / "var" / "cache" / "bakame-duck").glob("sample-*/*.parquet"))
    assert ["pseudonym.key"] == [path.name for path in (tmp_path / "var" / "lib" / "bakame-duck").iterdir()]
    assert {"out", "var"} == {path.name for path in tmp_path.iterdir()}
    assert done.stderr == "Breached: 2026-W03: LLM latency, Whole turn. Exit code 3.\n"
    assert 3 == len(done.stdout.splitlines())


# GitHub Actions


@pytest.fixture
def workflow() -> dict[str, Any]:
    (text,) = blocks(PAGE, "yaml")
    return dict(yaml.safe_load(text))


def test_the_workflow_installs_pinned_versions(workflow: dict[str, Any]) -> None:
    steps = workflow["jobs"]["report"]["steps"]

    (install,) = (step["run"] for step in steps if step.get("name") == "Install")
    assert [{"cron": "0 4 * * 1"}] == workflow[True]["schedule"]  # YAML reads "on" as true
    assert "--require-hashes -r requirements.lock" in install
    assert (ROOT / "requirements.lock").is_file()
    assert ["Keep"] == [step["name"] for step in steps if step.get("if") == "always()"]


def test_the_steps_of_the_workflow_without_network_run(workflow: dict[str, Any], tmp_path: Path) -> None:
    shutil.copytree(ROOT / "data" / "sample", tmp_path / "data" / "sample", ignore=shutil.ignore_patterns(".*"))
    steps = {step["name"]: step for step in workflow["jobs"]["report"]["steps"] if "name" in step}

    fetched = shell(f"set -e\n{steps['Fetch the logs']['run']}", tmp_path)
    made = shell(f"set -e\n{steps['Report']['run']}", tmp_path)

    assert (0, 3) == (fetched.returncode, made.returncode), made.stderr
    assert {"index.html", "weekly-performance-2026-W03.json"} <= {
        path.name for path in (tmp_path / steps["Keep"]["with"]["path"]).iterdir()
    }


def test_links_to_files_work() -> None:
    for page in DOCS.glob("*.md"):
        for link in re.findall(r"\]\((?!https?:)([^)#]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / link).exists(), f"{page.name}: {link}"
