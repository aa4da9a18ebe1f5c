"""``check``: the ledger and its exit codes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.conftest import Given, as_csv, cells

if TYPE_CHECKING:
    from tests.report_fixtures import Run

pytest_plugins = ["tests.report_fixtures"]


def test_check_fails_for_rejects_only_with_strict(run: Run, sample_folder: Path) -> None:
    plain, strict = run("check", "--data", sample_folder), run("check", "--data", sample_folder, "--strict")

    assert (0, "", 4) == (plain.code, plain.err, strict.code)
    assert plain.text == strict.text
    assert strict.err == "Some records were rejected or have no usable timestamp. Exit code 4.\n"
    for title in ("32 log files", "Files with remarks", "Rejects", "Schema drift"):
        assert title in plain.text


def test_check_strict_accepts_sound_logs(run: Run, given: Given) -> None:
    given.turns(("2026-01-12 10:00:00", "math"))

    outcome = run("check", "--strict", "--data", given.folder)

    assert (0, "") == (outcome.code, outcome.err)


@pytest.mark.parametrize("arguments", [[], ["--strict"], ["--format", "json"]], ids=" ".join)
def test_check_fails_for_a_file_that_cannot_be_read(run: Run, given: Given, arguments: list[str]) -> None:
    given.turns(("2026-01-12 10:00:00", "math"))
    given.file(b"not gzip", "user_sessions_1.csv.gz")

    outcome = run("check", "--data", given.folder, *arguments)

    assert (4, "Some files could not be read. Exit code 4.\n") == (outcome.code, outcome.err)
    assert "user_sessions_1.csv.gz" in outcome.text


def test_the_json_of_check_adds_up(run: Run, sample_folder: Path) -> None:
    ledger = json.loads(run("check", "--data", sample_folder, "--format", "json").out)

    for file in ledger["files"]:
        assert file["records"] == file["rows"] + file["rejects"] + (file["pending_bytes"] > 0)
    read = [file for file in ledger["files"] if file["state"] in ("sound", "repaired")]
    assert ledger["totals"]["rows"] == sum(file["rows"] for file in read)
    assert ledger["totals"]["rejects"] == len(ledger["rejects"])


def test_check_strict_fails_for_a_record_without_a_usable_timestamp(run: Run, given: Given) -> None:
    given.file(as_csv(cells({}), cells({"timestamp": "yesterday"})))

    codes = [run("check", "--data", given.folder, *arguments).code for arguments in ([], ["--strict"])]

    assert [0, 4] == codes
