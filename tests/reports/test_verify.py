"""``bakame-duck verify``: a report's numbers are recomputed, and differences are reported."""

from __future__ import annotations

import gzip
import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from bakame_duck.reports import verify

if TYPE_CHECKING:
    from tests.report_fixtures import Run

pytest_plugins = ["tests.report_fixtures"]

Change = Callable[[dict[str, Any]], object]


@pytest.fixture
def changed(reports: Mapping[str, Path], tmp_path: Path) -> Callable[[Change], Path]:
    """Give a copy of the sample's TTS report's JSON, changed."""

    def changed(change: Change) -> Path:
        told = json.loads(reports["tts"].with_suffix(".json").read_text(encoding="utf-8"))
        change(told)
        path = tmp_path / "report.json"
        path.write_text(json.dumps(told))
        return path

    return changed


@pytest.fixture
def recomputed(reports: Mapping[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """Let verify find what the logs of the sample give, which other tests recompute, without another kernel."""
    document = json.loads(reports["tts"].with_suffix(".json").read_text(encoding="utf-8"))
    monkeypatch.setattr(verify, "recompute", lambda request: document)


@pytest.fixture
def logs(sample_folder: Path, tmp_path: Path) -> Path:
    """A copy of the sample that may be changed."""
    return Path(shutil.copytree(sample_folder, tmp_path / "logs"))


@pytest.mark.parametrize("name", ["weekly", "tts", "tts partly", "weekly without turns"])
def test_a_reports_numbers_and_targets_give_the_same_again(
    run: Run, reports: Mapping[str, Path], sample_folder: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("BAKAME_DUCK_OBJECTIVES__LLM_LATENCY", "10")  # the report's own targets count
    monkeypatch.setenv("BAKAME_DUCK_OBJECTIVES__TTS_LATENCY", "10")
    folder = sample_folder if name != "weekly without turns" else reports[name].parents[2] / "bare"

    outcome = run("verify", reports[name].with_suffix(".json"), "--data", folder)

    assert (0, "") == (outcome.code, outcome.err)
    assert outcome.text.startswith("all ")
    assert outcome.text.endswith(" numbers agree\n")
    assert int(outcome.text.split()[1].replace(",", "")) > 20


@pytest.mark.usefixtures("recomputed")
def test_what_differs_is_named_by_its_path(run: Run, changed: Callable[[Change], Path], sample_folder: Path) -> None:
    def change(told: dict[str, Any]) -> None:
        told["numbers"]["configurations"][1]["turns"] += 1
        told["numbers"]["configurations"][0]["made_up"] = "x"
        del told["numbers"]["files"][2]["rows"]

    outcome = run("verify", changed(change), "--data", sample_folder)

    assert (4, "") == (outcome.code, outcome.err)
    *differences, last = outcome.text.splitlines()
    assert ["configurations[0].made_up", "configurations[1].turns", "files[2].rows"] == sorted(
        line.split(":")[0] for line in differences
    )
    assert 'configurations[0].made_up: reported "x", recomputed nothing' in differences
    assert last.startswith("3 of ")
    assert last.endswith(" numbers differ")


@pytest.mark.usefixtures("recomputed")
def test_many_differences_are_counted(run: Run, changed: Callable[[Change], Path], sample_folder: Path) -> None:
    def change(told: dict[str, Any]) -> None:
        for row in told["numbers"]["files"]:
            row["size"], row["records"] = -1, -1

    outcome = run("verify", changed(change), "--data", sample_folder)

    lines = outcome.text.splitlines()
    assert 52 == len(lines)
    assert "… and 14 more" == lines[50]
    assert lines[51].startswith("64 of ")


@pytest.mark.usefixtures("recomputed")
def test_other_versions_and_keys_are_reported(run: Run, changed: Callable[[Change], Path], sample_folder: Path) -> None:
    def change(told: dict[str, Any]) -> None:
        told["provenance"]["versions"]["duckdb"] = "0.1"
        told["provenance"]["sql"] = "0" * 64
        told["provenance"]["pseudonym_key"] = "another"
        told["numbers"]["configurations"][0]["phone_number"] = "caller-1"

    outcome = run("verify", changed(change), "--data", sample_folder)

    assert 0 == outcome.code
    assert [line.split(" ")[1:5] for line in outcome.err.splitlines()] == [
        ["duckdb", "0.1", "made", "the"],
        ["The", "SQL", "that", "made"],
        ["The", "report's", "pseudonyms", "have"],
    ]


def test_a_missing_log_and_one_of_another_content_are_named(run: Run, reports: Mapping[str, Path], logs: Path) -> None:
    (logs / "user_sessions_2025-12-16.csv").unlink()
    other = logs / "user_sessions_2025-12-20.csv"
    other.write_bytes(other.read_bytes().replace(b"math", b"meth"))

    outcome = run("verify", reports["tts"].with_suffix(".json"), "--data", logs)

    assert 4 == outcome.code
    first, second, *_ = outcome.text.splitlines()
    assert first.startswith("user_sessions_2025-12-16.csv: missing (sha256 ")
    assert second.startswith("user_sessions_2025-12-20.csv: another content (sha256 ")


def test_a_live_log_may_grow(run: Run, reports: Mapping[str, Path], logs: Path) -> None:
    live = logs / "user_sessions.csv"
    records = live.read_bytes()
    whole = records[: records.rindex(b"\r\n") + 2]
    last = whole[whole[:-2].rindex(b"\r\n") + 2 :]
    live.write_bytes(whole + last)

    outcome = run("verify", reports["tts"].with_suffix(".json"), "--data", logs)

    assert 0 == outcome.code, outcome.text
    assert "Note: user_sessions.csv has grown; what the report read of it is unchanged\n" == outcome.err


def test_a_live_log_may_be_rotated_away(run: Run, reports: Mapping[str, Path], logs: Path) -> None:
    live = logs / "user_sessions.csv"
    records = live.read_bytes()
    (logs / "user_sessions_2026-01-19.csv.gz").write_bytes(gzip.compress(records[: records.rindex(b"\r\n") + 2]))
    live.write_bytes(b"")

    outcome = run("verify", reports["tts"].with_suffix(".json"), "--data", logs)

    assert 0 == outcome.code, outcome.text
    assert outcome.err.splitlines() == [
        "Note: user_sessions.csv is user_sessions_2026-01-19.csv.gz now; what the report read of it is unchanged",
        "Note: 1 file came since: user_sessions_2026-01-19.csv.gz",
    ]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", "is no JSON"),
        ("[]", "is no report's JSON"),
        ('{"version": 3}', "is no report's JSON"),
        ('{"version": 1, "report": "weekly-performance"}', "has version 1 of a report's JSON, not 3"),
    ],
)
def test_what_is_no_report_is_refused(run: Run, sample_folder: Path, tmp_path: Path, content: str, told: str) -> None:
    (tmp_path / "x.json").write_text(content)

    outcome = run("verify", tmp_path / "x.json", "--data", sample_folder)

    assert (2, b"") == (outcome.code, outcome.out)
    assert told in outcome.err
    assert 2 == len(outcome.err.splitlines())
