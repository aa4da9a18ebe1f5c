"""The numbers of both reports equal those before the rebuild, name by name; see tests/data/numbers/README.md."""

from __future__ import annotations

import json
import lzma
import math
import shutil
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from bakame_duck.catalog.rollups import refresh
from bakame_duck.reports.request import KINDS
from bakame_duck.timespan import days_of
from tests.conftest import EMITTER
from tests.notebooks import execute
from tests.odd_logs import write_odd_logs

ROOT = Path(__file__).parents[2]
STORED = ROOT / "tests" / "data" / "numbers"
ODD = [f"odd-{seed:02}" for seed in range(6)]
CASES = ["sample", "emitter", *ODD]
REPORTS = [(case, kind) for case in CASES for kind in ("weekly", "tts")] + [("sample", "tts_four_weeks")]
FOUR_WEEKS_SINCE = "2025-12-22"
SECRET = b"0123456789abcdef0123456789abcdef"  # of the pseudonyms

Rows = list[dict[str, Any]]
Numbers = dict[str, Rows]


@cache
def stored(case: str) -> dict[str, Any]:
    return dict(json.loads(lzma.decompress((STORED / f"{case}.json.xz").read_bytes())))


def copy_logs(case: str, folder: Path) -> None:
    """Write the logs of a case to *folder*."""
    if case in ODD:
        folder.mkdir(exist_ok=True)
        write_odd_logs(folder, int(case.removeprefix("odd-")), short_calls=True)
        return
    source = ROOT / "data" / "sample" if case == "sample" else EMITTER
    shutil.copytree(source, folder, ignore=lambda _, names: [name for name in names if name.startswith(".")])


@pytest.fixture(scope="session")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, bool], Path]:
    """Give the folder with the logs of a case, mirrored or not; each is written once."""

    @cache
    def logs(case: str, mirrored: bool) -> Path:
        folder = tmp_path_factory.mktemp("same numbers") / "logs"
        copy_logs(case, folder)
        if mirrored:
            refresh([folder])
        return folder

    return logs


@pytest.mark.parametrize("mirrored", [False, True], ids=["plain", "mirrored"])
@pytest.mark.parametrize(("case", "report"), REPORTS)
def test_a_report_has_the_same_numbers_as_before(
    logs: Callable[[str, bool], Path], tmp_path: Path, case: str, report: str, mirrored: bool
) -> None:
    before = stored(case)
    given = before["parameters"]
    instants = [datetime.fromisoformat(given[name]) for name in ("since", "until")]
    days = days_of(*instants, given["timezone"])
    since = FOUR_WEEKS_SINCE if report == "tts_four_weeks" else str(days[0])
    parameters = {"since": since, "until": str(days[-1] + timedelta(days=1)), "timezone": given["timezone"]}
    if report == "weekly":
        (tmp_path / "key").write_bytes(SECRET)
        parameters["pseudonym_key"] = str(tmp_path / "key")

    executed = execute(KINDS[report.split("_")[0]], logs(case, mirrored), mirror=mirrored, **parameters)

    assert [] == list(differences(before[report], as_before(executed.numbers)))
    assert [] == executed.placeholders
    assert len(executed.text) > 500


# Today's numbers under their former names


RENAMED = {"out_of_order_records": "late_rows", "unattributed": "unexplained", "bursts": "storms"}
COLUMNS = {"turns_with_unattributed": "turns_with_unexplained", "unattributed_ms": "unexplained_ms"}
WORDS = {
    ("status", "inconclusive"): "can't say",
    ("verdict", "not isolated"): "never alone",
    ("why", "not isolated"): "never alone",
    ("pushed_by", "unattributed"): "unexplained",
    ("stage", "fallback"): "tts",
}
BUDGET = ("used_percent", "used_lookback_percent", "days_with_data")
TRADE_OFF = (
    *("configuration", "turns", "p95_ms", "p95_low_ms", "p95_high_ms"),
    *("barge_in_rate_percent", "barge_in_low_percent", "barge_in_high_percent"),
    *("fallback_rate_percent", "fallback_low_percent", "fallback_high_percent", "is_unbeaten", "name"),
)


def as_before(numbers: Numbers) -> Numbers:
    """Return *numbers* by the sections, columns and words of version 2."""
    old = {
        RENAMED.get(section, section): [
            {COLUMNS.get(name, name): former_word(name, value) for name, value in row.items()} for row in rows
        ]
        for section, rows in numbers.items()
    }
    if "objectives" in old:  # the weekly report
        old["bad_turns"] = old.pop("slo_violation_windows")
        old["budgets"] = [
            {name: row[name] for name in ("objective", "burn_rate", *BUDGET)}
            for row in old["objectives"]
            if row["used_lookback_percent"] is not None
        ]
        windows, with_success = (
            sum(row[name] for row in old["availability"]) for name in ("windows", "windows_with_success")
        )
        share = round(100 * with_success / windows, 6) if windows else None
        old["busy_windows"] = [{"windows": windows, "windows_with_success": with_success, "success_percent": share}]
        old["availability"] = [row for row in old["availability"] if row["checks"] or row["observed_minutes"]]
        old["availability"] = without(old["availability"], "windows", "windows_with_success")
        old["objectives"] = without(old["objectives"], *BUDGET)
    else:
        old["fallback_windows"] = old.pop("slo_violation_windows")
        old["trade_off"] = [
            {name: row[name] for name in TRADE_OFF} for row in old["configurations"] if row["is_unbeaten"] is not None
        ]
        old["configurations"] = without(old["configurations"], "is_unbeaten")
    return old


def former_word(name: str, value: Any) -> Any:
    return WORDS.get((name, value), value) if isinstance(value, str) else value


def without(rows: Rows, *names: str) -> Rows:
    return [{name: value for name, value in row.items() if name not in names} for row in rows]


def differences(before: Any, now: Any, place: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Yield where two values differ, floats by more than 1e-9 of their size."""
    match before, now:
        case dict(), dict():
            for name in sorted(before.keys() | now.keys()):
                yield from differences(before.get(name, "absent"), now.get(name, "absent"), f"{place}/{name}")
        case list(), list():
            if len(before) != len(now):
                yield f"{place}/length", len(before), len(now)
            for number, pair in enumerate(zip(before, now, strict=False)):
                yield from differences(*pair, f"{place}[{number}]")
        case (int() | float(), int() | float()) if not isinstance(before, bool) and not isinstance(now, bool):
            if not math.isclose(before, now, rel_tol=1e-9, abs_tol=1e-9):
                yield place, before, now
        case _:
            if before != now or type(before) is not type(now):
                yield place, before, now


def test_a_difference_is_found_wherever_it_is() -> None:
    before = {"a": [{"x": 1.0, "y": "text", "z": None}], "b": [1, 2]}
    now = {"a": [{"x": 1.0 + 1e-6, "y": "text", "z": 0}], "b": [1], "c": []}

    assert [("/a[0]/x", 1.0, 1.0 + 1e-6), ("/a[0]/z", None, 0), ("/b/length", 2, 1), ("/c", "absent", [])] == list(
        differences(before, now)
    )
    assert [] == list(differences(before, before | {"a": [{"x": 1.0 + 1e-12, "y": "text", "z": None}]}))
