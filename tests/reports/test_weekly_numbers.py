"""Every number of the sample's weekly report, against a second derivation that shares nothing with the first."""

from __future__ import annotations

import csv
import json
import math
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from bakame_duck import connect, export, metric, pseudonyms
from bakame_duck.settings import Settings
from tests.weekly_oracle import SECTIONS, Numbers

pytest_plugins = ["tests.report_fixtures"]

LOST = ("13", "14", "15", "16")  # hours of UTC


@pytest.fixture(scope="module")
def report(reports: Mapping[str, Path]) -> dict[str, Any]:
    return json.loads(reports["weekly"].with_suffix(".json").read_text())


@pytest.fixture(scope="module")
def derived(report: dict[str, Any], sample_folder: Path) -> Numbers:
    incidents, files = report["numbers"]["incidents"], report["numbers"]["files"]
    reasons = {row["file"]: row["reason"] for row in files}
    return Numbers(sample_folder, secret=pseudonyms.load_key().secret, incidents=incidents, reasons=reasons)


def test_every_section_of_the_report_has_a_second_derivation(report):
    assert sorted(SECTIONS) == sorted(report["numbers"])


@pytest.mark.parametrize("section", SECTIONS)
def test_a_second_derivation_gives_the_same_numbers(section, report, derived):
    assert [] == differences(section, report["numbers"][section], getattr(derived, section)())


def test_a_week_with_gaps_and_late_rows_is_derived_alike(sample_folder, tmp_path):
    """The week of the report has neither: here an afternoon is lost, and a morning comes last."""
    for path in sample_folder.glob("*.*"):
        if path.is_file():
            shutil.copy(path, tmp_path)
    rewrite(tmp_path / "user_sessions_2026-01-13.csv", lambda rows: [row for row in rows if row[0][11:13] not in LOST])
    rewrite(tmp_path / "user_sessions_2026-01-16.csv", lambda rows: sorted(rows, key=lambda row: row[0][11:13] < "09"))
    derived = Numbers(tmp_path, secret=b"", incidents=[], reasons={})
    span = {"since": derived.week.since, "until": derived.week.until}

    with connect(tmp_path, settings=Settings.model_construct()) as con:
        found = export.numbers(
            **{name: metric(con, name, **span).pl() for name in ("gaps", "out_of_order_records")}
        ).sections

    assert [1, 1] == [len(rows) for rows in found.values()]
    assert [] == differences("gaps", found["gaps"], derived.gaps())
    assert [] == differences("out_of_order_records", found["out_of_order_records"], derived.out_of_order_records())


def rewrite(path: Path, change: Callable[[list[list[str]]], list[list[str]]]) -> None:
    with path.open(newline="") as stream:
        header, *rows = csv.reader(stream)
    with path.open("w", newline="") as stream:
        csv.writer(stream).writerows([header, *change(rows)])


def differences(section: str, found: Any, expected: Any) -> list[str]:
    """Return where two values differ: floats by more than the report rounds them, all else at all."""
    if isinstance(expected, list) and isinstance(found, list) and len(found) == len(expected):
        pairs = enumerate(zip(found, expected, strict=True))
        return [line for place, pair in pairs for line in differences(f"{section}[{place}]", *pair)]
    if isinstance(expected, dict) and isinstance(found, dict) and found.keys() == expected.keys():
        return [line for name in found for line in differences(f"{section}.{name}", found[name], expected[name])]
    same = found == expected
    if isinstance(expected, float) and isinstance(found, float):
        digits = math.floor(math.log10(abs(expected))) + 1 if expected else 0
        same = math.isclose(found, expected, rel_tol=0, abs_tol=max(1e-6, 10.0 ** (digits - 11)))
    return [] if same and type(found) is type(expected) else [f"{section}: {found!r} in the report, not {expected!r}"]
