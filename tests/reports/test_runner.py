"""Reports: what their files hold, and what is left of one that fails."""

from __future__ import annotations

import gzip
import hashlib
import json
import platform
import re
import shutil
import signal
import socket
import time
import zlib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import nbformat
import polars as pl
import pytest
from duckdb import DuckDBPyConnection

import bakame_duck
from bakame_duck import connect, metric
from bakame_duck.errors import ReportError
from bakame_duck.palette import PALETTE
from bakame_duck.reports import pdf, provenance, runner
from bakame_duck.resources import resource_folder
from bakame_duck.settings import Settings

if TYPE_CHECKING:
    from tests.report_fixtures import Break, Run, Start

pytest_plugins = ["tests.report_fixtures"]

WEEK = {"since": datetime(2026, 1, 11, 22), "until": datetime(2026, 1, 18, 22)}
WEEK_BEFORE = {"since": datetime(2026, 1, 4, 22), "until": datetime(2026, 1, 11, 22)}
KIGALI = {"timezone": "Africa/Kigali"}
SECTIONS = {
    "weekly": {
        "objectives": ("objectives_report", WEEK),
        "activity": ("activity", WEEK),
        "activity_before": ("activity", WEEK_BEFORE),
        "latency": ("latency_percentiles", WEEK | KIGALI),
        "errors": ("error_rates_by_stage", WEEK),
        "errors_by_day": ("errors_by_day", WEEK | KIGALI),
        "messages": ("errors_by_message", WEEK),
        "modules": ("turns_by_module", WEEK),
        "calls": ("calls_per_day", WEEK | KIGALI),
        "availability": ("availability", WEEK | KIGALI),
    },
    "tts": {
        "configurations": ("tts_configurations", WEEK),
        "coverage": ("tts_coverage", WEEK),
        "interruptions": ("tts_interruptions", WEEK),
        "fallbacks": ("tts_fallbacks", WEEK),
        "transcoding": ("tts_transcoding", WEEK),
        "auditions": ("tts_auditions", WEEK),
    },
}
HEAD = {
    "version": 3,
    "period": "2026-W03",
    "since": "2026-01-11T22:00:00Z",
    "until": "2026-01-18T22:00:00Z",
    "timezone": "Africa/Kigali",
}
COMPARED = {
    "weekly": {"period": "2026-W02", "since": "2026-01-04T22:00:00Z", "until": "2026-01-11T22:00:00Z"},
    "tts": None,
}
SUFFIXES = (".html", ".ipynb", ".json")


@pytest.fixture(scope="module")
def sample(sample_folder: Path) -> DuckDBPyConnection:
    return connect(sample_folder, settings=Settings.model_construct())


def told(page: Path) -> dict[str, Any]:
    def refuse(constant: str) -> None:
        raise ValueError(f"{constant} is not JSON")

    return dict(json.loads(page.with_suffix(".json").read_text(encoding="utf-8"), parse_constant=refuse))


def numbers(page: Path) -> dict[str, Any]:
    return dict(told(page)["numbers"])


def as_json(value: object) -> object:
    match value:
        case float():
            return pytest.approx(value, abs=1e-6)
        case datetime():
            return value.isoformat() + "Z"
        case date():
            return value.isoformat()
        case _:
            return value


def rows_as_json(frame: pl.DataFrame) -> list[dict[str, object]]:
    return [{name: as_json(value) for name, value in row.items()} for row in frame.to_dicts()]


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("weekly", "weekly-performance-2026-W03"),
        ("tts", "tts-tuning-2026-W03"),
        ("tts without columns", "tts-tuning-2025-W36"),
        ("weekly without turns", "weekly-performance-2026-W02"),
    ],
)
def test_a_report_is_a_page_a_notebook_and_its_numbers(reports: Mapping[str, Path], name: str, stem: str) -> None:
    written = {path.name for path in reports[name].parent.iterdir() if path.is_file()}

    assert reports[name].name == f"{stem}.html"
    assert {stem + suffix for suffix in SUFFIXES} <= written
    assert not [name for name in written if not name.endswith((*SUFFIXES, ".pdf"))]


def test_nothing_unfinished_stays_beside_the_reports(reports: Mapping[str, Path]) -> None:
    assert {"bare"} == {
        path.name for path in reports["weekly"].parent.iterdir() if path.suffix not in (*SUFFIXES, ".pdf")
    }


@pytest.mark.parametrize(("name", "stem"), [("weekly", "weekly-performance"), ("tts", "tts-tuning")])
def test_the_numbers_say_what_they_are_of(reports: Mapping[str, Path], name: str, stem: str) -> None:
    found = told(reports[name])

    assert HEAD | {"report": stem, "compared_with": COMPARED[name]} == {
        key: found[key] for key in found if key not in ("parameters", "provenance", "numbers")
    }
    assert {"files", *SECTIONS[name]} <= found["numbers"].keys()


@pytest.mark.parametrize(("name", "section"), [(name, section) for name in SECTIONS for section in SECTIONS[name]])
def test_a_reports_numbers_are_those_of_the_metric(
    reports: Mapping[str, Path], sample: DuckDBPyConnection, name: str, section: str
) -> None:
    metric_name, arguments = SECTIONS[name][section]

    expected = rows_as_json(metric(sample, metric_name, **arguments).pl())

    assert expected
    if section == "configurations":  # which the notebook has given names
        expected = [
            row | {"name": found["name"]} for row, found in zip(expected, numbers(reports[name])[section], strict=True)
        ]
    assert expected == numbers(reports[name])[section]


@pytest.mark.parametrize("name", SECTIONS)
def test_a_report_holds_the_whole_ledger(reports: Mapping[str, Path], sample: DuckDBPyConnection, name: str) -> None:
    expected = rows_as_json(sample.sql("from ingest_files order by file").pl())
    for row in expected:  # a report does not tell where the logs lay
        row["file"] = Path(str(row["file"])).name
        row["duplicate_of"] = row["duplicate_of"] and Path(str(row["duplicate_of"])).name

    assert len(expected) > 20
    assert expected == numbers(reports[name])["files"]


@pytest.mark.parametrize("name", ["weekly", "tts"])
def test_two_runs_give_the_same_numbers(reports: Mapping[str, Path], name: str) -> None:
    first, second = (reports[each].with_suffix(".json") for each in (name, f"{name} again"))

    assert first != second
    assert first.read_bytes() == second.read_bytes()


def test_settings_name_the_data_and_the_folder_of_the_reports(reports: Mapping[str, Path]) -> None:
    # made with BAKAME_DUCK_DATA and reports = "elsewhere"
    assert ("settled", "elsewhere") == reports["weekly again"].parts[-3:-1]


def test_settings_name_the_time_zone_that_cuts_the_week(reports: Mapping[str, Path]) -> None:
    found = told(reports["tts without columns"])

    assert ("UTC", "2025-09-01T00:00:00Z", "2025-09-08T00:00:00Z") == (
        found["timezone"],
        found["since"],
        found["until"],
    )
    assert "UTC time" in reports["tts without columns"].read_text(encoding="utf-8")


def test_logs_without_tts_columns_are_said_to_have_none(reports: Mapping[str, Path]) -> None:
    page = reports["tts without columns"].read_text(encoding="utf-8")

    assert "<b>No TTS metrics in this time.</b>" in page
    assert "No turn in this time has TTS metrics." in page
    assert re.search(r"None of the [\d,]+ turns of this time states how it was spoken\.", page)
    assert '<p class="why"></p>' not in page
    found = numbers(reports["tts without columns"])
    assert {"coverage", "files", "drift"} == {name for name in found if found[name]}


def test_logs_that_got_tts_columns_later_are_used_from_then_on(reports: Mapping[str, Path]) -> None:
    page, found = reports["tts partly"].read_text(encoding="utf-8"), numbers(reports["tts partly"])

    assert re.search(r"[\d,]+ of [\d,]+ turns have TTS metrics, from 29 Dec 07:14 on\.", page)
    assert all(0 < row["turns_with"] < row["turns"] for row in found["coverage"])
    assert {"2025-12-29T05:14:21"} == {row["first_at"][:19] for row in found["coverage"]}
    assert found["fallbacks_by_day"][0]["day"] == "2025-12-29"


def test_what_makes_a_configuration_and_the_baseline_can_be_chosen(reports: Mapping[str, Path]) -> None:
    found, parameters = numbers(reports["tts partly"]), told(reports["tts partly"])["parameters"]
    configurations = {row["name"]: row for row in found["configurations"]}
    luna = configurations["Luna"]["configuration"]

    assert {None} == {row[name] for row in configurations.values() for name in ("provider", "pitch", "encoding")}
    assert ("luna", "voice,rate", 50) == tuple(parameters[name] for name in ("baseline", "by", "min_effect"))
    compared = [row for row in found["comparisons"] if row["setting"] == "configuration"]
    assert {str(luna)} == {row["reference"] for row in compared}
    assert luna not in [row["configuration"] for row in compared]


def test_logs_without_turns_and_health_checks_are_said_to_have_none(reports: Mapping[str, Path]) -> None:
    page = reports["weekly without turns"].read_text(encoding="utf-8")
    found = numbers(reports["weekly without turns"])

    assert "so nothing can be said of uptime" in page
    assert "No turn of this week has a timing." in page
    assert "No turn of this week failed." in page
    assert {"not measured"} == {objective["status"] for objective in found["objectives"]}
    assert ([], [], []) == (found["latency"], found["errors_by_day"], found["availability"])


@pytest.mark.parametrize("name", ["weekly", "tts"])
def test_the_kept_notebook_is_whole_and_names_its_parameters(
    reports: Mapping[str, Path], sample_folder: Path, name: str
) -> None:
    notebook = nbformat.read(reports[name].with_suffix(".ipynb"), as_version=4)
    nbformat.validate(notebook)
    injected = next(cell for cell in notebook.cells if "injected-parameters" in cell.metadata.tags)

    assert f'data = ["{sample_folder}"]' in injected.source
    assert 'week = "2026-W03"' in injected.source
    assert not [cell.source for cell in notebook.cells if cell.cell_type == "code" and not cell.execution_count]


def test_a_report_that_fails_half_way_leaves_the_earlier_one_as_it_was(
    run: Run, broken: Break, sample_folder: Path, tmp_path: Path
) -> None:
    stem = "weekly-performance-2026-W03"
    out = tmp_path / "out"
    out.mkdir()
    for suffix in SUFFIXES:
        (out / (stem + suffix)).write_text("good")
    broken('raise ValueError("the llamas\\nare out")')

    outcome = run("report", "weekly", "--data", sample_folder, "--out", out)

    kept = out / f"{stem}.failed.ipynb"
    assert (1, b"") == (outcome.code, outcome.out)
    told, hint = outcome.err.splitlines()
    failed = next(cell for cell in nbformat.read(kept, as_version=4).cells if "llamas" in cell.source)
    assert told == (
        f"Error: Cell {failed.execution_count} of weekly_performance.ipynb failed: ValueError: the llamas are out"
    )
    assert hint.startswith(f"Hint: Open {kept}")
    assert failed.outputs[0].ename == "ValueError"
    assert {kept.name: True} | {stem + suffix: False for suffix in SUFFIXES} == {
        path.name: path.read_text() != "good" for path in out.iterdir()
    }


def test_a_report_whose_kernel_dies_leaves_nothing_under_its_name(
    run: Run, broken: Break, sample_folder: Path, tmp_path: Path
) -> None:
    broken("import os; os._exit(1)")

    outcome = run("report", "weekly", "--data", sample_folder, "--out", tmp_path / "out")

    assert (1, b"") == (outcome.code, outcome.out)
    told, hint = outcome.err.splitlines()
    (kept,) = (tmp_path / "out").iterdir()
    assert told == "Error: The kernel that ran weekly_performance.ipynb died; perhaps memory ran out"
    assert hint.startswith(f"Hint: Open {kept}")
    assert kept.name == "weekly-performance-2026-W03.failed.ipynb"
    assert "os._exit(1)" in kept.read_text()


def test_a_week_that_fails_does_not_keep_the_others_from_being_made(
    run: Run, broken: Break, sample_folder: Path, tmp_path: Path
) -> None:
    broken('if week == "2026-W02": raise ValueError("no llamas")')

    outcome = run("report", "weekly", "--last", 2, "--data", sample_folder, "--out", tmp_path / "out")

    written = [f"weekly-performance-2026-W03{suffix}" for suffix in SUFFIXES]
    assert 1 == outcome.code
    assert written == [Path(line).name for line in outcome.text.splitlines()]
    told, hint = outcome.err.splitlines()
    assert told.endswith("of weekly_performance.ipynb failed: ValueError: no llamas")
    assert hint.startswith(f"Hint: Open {tmp_path / 'out' / 'weekly-performance-2026-W02.failed.ipynb'}")
    assert {*written, "index.html", "weekly-performance-2026-W02.failed.ipynb"} == {
        path.name for path in (tmp_path / "out").iterdir()
    }


def test_a_report_that_succeeds_takes_the_failed_one_away(reports: Mapping[str, Path]) -> None:
    assert not list(reports["weekly"].parent.glob("*.failed.ipynb"))


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Let the commands that a test starts hear Ctrl-C, even when the tests run in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize("weeks", [1, 3])
def test_an_interrupted_report_leaves_nothing(start: Start, sample_folder: Path, tmp_path: Path, weeks: int) -> None:
    process = start("report", "weekly", "--last", weeks, "--data", sample_folder, "--out", tmp_path)
    deadline = time.monotonic() + 60
    while not list(tmp_path.glob(".unfinished-*")):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    time.sleep(1)  # by now it waits for the kernel

    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)

    assert (130, "") == (process.returncode, out)
    assert err.endswith("Interrupted. No partial files were left.\n")  # the kernel may have its say before
    assert [] == list(tmp_path.iterdir())


@pytest.mark.parametrize("place", ["a file", "a file/below", "/proc/nowhere"])
def test_a_folder_that_cannot_be_written_is_told_in_two_lines(
    run: Run, sample_folder: Path, tmp_path: Path, place: str
) -> None:
    (tmp_path / "a file").write_text("in the way")

    outcome = run("report", "weekly", "--data", sample_folder, "--out", tmp_path / place)

    assert (1, b"") == (outcome.code, outcome.out)
    told, hint = outcome.err.splitlines()
    assert told.startswith(f"Error: The report cannot be written to {tmp_path / place}: ")
    assert hint == "Hint: Name a folder that you may write to with --out FOLDER."
    assert [tmp_path / "a file"] == list(tmp_path.iterdir())


# What is compared, and what breaches


def test_a_week_without_a_breach_compared_with_another(run: Run, sample_folder: Path, tmp_path: Path) -> None:
    words = ["--week", "2026-W02", "--compare-to", "2025-W52", "--fail-on-breach"]

    outcome = run("report", "weekly", *words, "--data", sample_folder, "--out", tmp_path)

    found = told(tmp_path / "weekly-performance-2026-W02.html")
    assert (0, "") == (outcome.code, outcome.err)
    assert {"met", "inconclusive"} == {row["status"] for row in found["numbers"]["objectives"]}
    other = {"since": "2025-12-21T22:00:00Z", "until": "2025-12-28T22:00:00Z"}
    assert other | {"period": "2025-W52"} == found["compared_with"]
    assert "2025-W52" == found["parameters"]["compare_to"]
    notebook = nbformat.read(tmp_path / "weekly-performance-2026-W02.ipynb", as_version=4)
    injected = next(cell for cell in notebook.cells if "injected-parameters" in cell.metadata.tags)
    assert 'compare_to = "2025-W52"' in injected.source


# Provenance


def test_the_provenance_names_every_log_by_its_content(reports: Mapping[str, Path], sample_folder: Path) -> None:
    files = {file["name"]: file for file in told(reports["weekly"])["provenance"]["files"]}

    assert sorted(path.name for path in sample_folder.glob("user_sessions*")) == list(files)
    for name, content in {
        "user_sessions_2025-12-16.csv": (sample_folder / "user_sessions_2025-12-16.csv").read_bytes(),
        "user_sessions_20260108.csv.gz": gzip.decompress(
            (sample_folder / "user_sessions_20260108.csv.gz").read_bytes()
        ),
        "user_sessions.csv": whole_records((sample_folder / "user_sessions.csv").read_bytes()),
    }.items():
        assert hashlib.sha256(content).hexdigest() == files[name]["sha256"]
    assert files["user_sessions.csv"]["bytes"] < (sample_folder / "user_sessions.csv").stat().st_size
    assert {"sound", "repaired", "duplicate"} == {file["state"] for file in files.values()}
    assert sum(file["rejects"] for file in files.values() if file["state"] != "duplicate") == 4


def whole_records(content: bytes) -> bytes:
    return content[: content.rindex(b"\r\n") + 2]


def test_the_provenance_names_the_health_checks(reports: Mapping[str, Path], sample_folder: Path) -> None:
    content = (sample_folder / "health_checks.jsonl").read_bytes()

    assert told(reports["weekly"])["provenance"]["health_checks"] == [
        {
            "name": "health_checks.jsonl",
            "bytes": len(content),
            "sha256": hashlib.sha256(content).hexdigest(),
            "lines": len(content.splitlines()),
        }
    ]
    assert told(reports["weekly without turns"])["provenance"]["health_checks"] == []


def test_the_provenance_names_what_made_the_report(reports: Mapping[str, Path]) -> None:
    made_with = told(reports["weekly"])["provenance"]

    assert made_with["versions"] == {
        "bakame_duck": bakame_duck.__version__,
        "duckdb": duckdb.__version__,
        "python": platform.python_version(),
    }
    assert Settings.model_construct().objectives.model_dump() == made_with["objectives"]
    assert made_with["sql"] == told(reports["tts"])["provenance"]["sql"]


def test_another_line_of_sql_is_another_hash(
    sample: DuckDBPyConnection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = shutil.copytree(resource_folder("sql"), tmp_path / "sql")
    monkeypatch.setattr(provenance, "resource_folder", {"sql": folder}.__getitem__)
    hashes = [provenance.read_provenance(sample).parts["sql"]]
    metric_file = folder / "metrics" / "usage" / "activity.sql"

    metric_file.write_text(metric_file.read_text() + "-- more\n")
    hashes.append(provenance.read_provenance(sample).parts["sql"])
    metric_file.rename(folder / "views" / "activity.sql")
    hashes.append(provenance.read_provenance(sample).parts["sql"])

    assert 3 == len(set(hashes))


@pytest.mark.parametrize("name", ["weekly", "tts"])
def test_the_json_tells_nothing_of_the_machine_or_the_time(
    reports: Mapping[str, Path], sample_folder: Path, name: str
) -> None:
    text = reports[name].with_suffix(".json").read_text(encoding="utf-8")

    for private in (str(sample_folder), str(Path.home()), str(Path.cwd()), socket.gethostname(), f'"{date.today()}'):
        assert private not in text


@pytest.mark.parametrize(
    "name", sorted({metric_name for sections in SECTIONS.values() for metric_name, _ in sections.values()})
)
def test_a_metrics_numbers_are_the_same_on_any_number_of_threads(
    sample_folder: Path, sample: DuckDBPyConnection, name: str
) -> None:
    other = connect(sample_folder, settings=Settings.model_construct())
    found = set()
    for threads in (1, 2, 4, 8, 8):
        other.execute(f"set threads = {threads}")
        found.add(repr(metric(other, name).fetchall()))

    assert 1 == len(found)


# PDF


def colors(pdf: Path) -> set[str]:
    """Return the colours, by their name in the palette, in which something is painted or drawn."""
    streams = re.findall(rb"stream\r?\n(.*?)endstream", pdf.read_bytes(), re.DOTALL)
    content = b""
    for stream in streams:
        with suppress(zlib.error):
            content += zlib.decompress(stream)
    used = {
        "#" + "".join(f"{round(float(part) * 255):02x}" for part in found)
        for found in re.findall(rb"([\d.]+) ([\d.]+) ([\d.]+) (?:rg|RG)", content)
    }
    return {name for name, (light, _) in PALETTE.items() if light in used}


def test_a_pdf_is_printed_once_the_charts_are_drawn(reports: Mapping[str, Path]) -> None:
    style = (Path(runner.__file__).parent / "templates" / "report" / "report.css").read_text()

    assert "--faint" not in style  # only charts have this colour
    assert {"faint", "ink"} <= colors(reports["tts"].with_suffix(".pdf"))


@pytest.fixture
def without_browser(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))


@pytest.mark.usefixtures("without_browser")
def test_without_a_browser_no_pdf_is_begun(run: Run, sample_folder: Path, tmp_path: Path) -> None:
    outcome = run("report", "weekly", "--format", "html,pdf", "--data", sample_folder, "--out", tmp_path / "out")

    assert (2, b"") == (outcome.code, outcome.out)
    told, hint = outcome.err.splitlines()
    assert told == "Error: No Chromium is present to print a PDF"
    assert hint.startswith("Hint: Install chromium, or name it with BAKAME_DUCK_CHROMIUM")
    assert not (tmp_path / "out").exists()


def test_a_browser_that_is_none_is_named(
    run: Run, sample_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BAKAME_DUCK_CHROMIUM", "/no/such/chrome")

    outcome = run("report", "tts", "--format", "pdf", "--data", sample_folder, "--out", tmp_path / "out")

    assert 2 == outcome.code
    assert outcome.err.startswith("Error: The setting chromium names /no/such/chrome, which is no program\nHint: ")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("script", "told"),
    [
        ("echo no display >&2; exit 3", "bad-browser could not print the page: no display"),
        ("exit 0", "bad-browser could not print the page: exit code 0"),
        ("sleep 60 & sleep 60", "bad-browser did not print the page in 1 seconds"),
    ],
)
def test_a_browser_that_fails_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, told: str) -> None:
    browser = tmp_path / "bad-browser"
    browser.write_text(f"#!/bin/sh\n{script}\n")
    browser.chmod(0o755)
    monkeypatch.setattr(pdf, "_TIMEOUT_S", 1)

    with pytest.raises(ReportError) as failed:
        pdf.print_page(tmp_path / "page.html", tmp_path / "page.pdf", browser)

    assert told == str(failed.value)


def test_a_report_that_cannot_be_printed_leaves_nothing_under_its_name(
    run: Run, sample_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BAKAME_DUCK_CHROMIUM", "/bin/false")

    outcome = run("report", "tts", "--format", "html,pdf", "--data", sample_folder, "--out", tmp_path / "out")

    assert (1, b"") == (outcome.code, outcome.out)
    assert outcome.err.startswith("Error: false could not print the page: exit code 1\nHint: ")
    assert [] == list((tmp_path / "out").iterdir())
