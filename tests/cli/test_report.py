"""``report weekly`` and ``report tts``: which reports are made, and where they go."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bakame_duck.cache import Cache
from bakame_duck.reports import index, kernel, runner
from bakame_duck.reports.request import ReportRequest
from bakame_duck.timespan import Period

if TYPE_CHECKING:
    from tests.report_fixtures import Run

pytest_plugins = ["tests.report_fixtures"]


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
def test_usage_errors_are_found_before_a_kernel_starts(
    run: Run, sample_folder: Path, monkeypatch: pytest.MonkeyPatch, words: str
) -> None:
    started = []
    monkeypatch.setattr(kernel, "Kernel", lambda: started.append(words))

    outcome = run("report", *words.split(), "--data", sample_folder)

    assert (2, b"") == (outcome.code, outcome.out)
    assert ["Error:", "Hint:"] == [line.split()[0] for line in outcome.err.splitlines()]
    assert [] == started


@pytest.fixture
def requested(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Period, Path]]:
    """The reports that the command requests; none is made."""
    requested: list[tuple[str, Period, Path]] = []

    def make_reports(requests: list[ReportRequest], *, out: Path, **_: object) -> list[list[Path]]:
        requested.extend((request.kind.stem, request.period, out) for request in requests)
        return [[out / f"{request.stem}.html"] for request in requests]

    monkeypatch.setattr(runner, "make_reports", make_reports)
    monkeypatch.setattr(index, "write_index", lambda folder: folder / "index.html")
    return requested


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
def test_options_and_settings_choose_the_report(
    run: Run,
    sample_folder: Path,
    requested: list[tuple[str, Period, Path]],
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
    ((requested_stem, period, requested_out),) = requested
    assert (stem, label, since, Path(out)) == (
        requested_stem,
        period.label,
        f"{period.since:%Y-%m-%d %H:%M}",
        requested_out,
    )


def test_a_report_writes_the_mirror_and_rollups_by_default(
    run: Run, sample_folder: Path, tmp_path: Path, requested: list[tuple[str, Period, Path]]
) -> None:
    folder = tmp_path / "logs"
    shutil.copytree(sample_folder, folder)
    before = sorted(folder.iterdir())

    assert run("report", "weekly", "--data", folder, "--no-mirror").code == 0
    without = Cache(folder).usage()
    assert run("report", "weekly", "--data", folder).code == 0

    assert {"repaired copies", "entries"} == without.keys()
    assert (30, 0) == (Cache(folder).usage()["mirrors"].files, Cache(folder).usage()["rollups"].files % 30)
    assert before == sorted(folder.iterdir())
