"""The page that lists a folder's reports."""

from __future__ import annotations

import itertools
import json
import re
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from bakame_duck.reports.index import render_index, write_index
from bakame_duck.timespan import parse_week

if TYPE_CHECKING:
    from tests.browser import Visit

pytest_plugins = ["tests.report_fixtures", "tests.browser"]

LLM = {
    "objective": "llm_latency",
    "title": "LLM latency",
    "kind": "latency",
    "comparison": "<",
    "unit": "ms",
    "target": 2000,
    "measured": 1900,
    "status": "met",
}
UPTIME = LLM | {"objective": "uptime", "title": "Uptime", "kind": "availability", "comparison": ">", "unit": "%"}
UPTIME |= {"target": 99.5, "measured": None, "status": "not measured"}


def report(folder: Path, week: str, *objectives: Mapping[str, Any], stem: str = "weekly-performance") -> Path:
    """Write a report's files with what the index reads of them."""
    period = parse_week(week, "Africa/Kigali")
    told = {
        "report": stem,
        "version": 3,
        "period": week,
        "since": f"{period.since.isoformat()}Z",
        "until": f"{period.until.isoformat()}Z",
        "timezone": "Africa/Kigali",
        "numbers": {"objectives": objectives} if objectives else {},
    }
    path = folder / f"{stem}-{week}.json"
    path.write_text(json.dumps(told))
    path.with_suffix(".html").touch()
    return path


def rows(page: str) -> list[str]:
    return [" ".join(re.sub("<[^>]*>", " ", item).split()) for item in re.findall("<li>(.*?)</li>", page, re.DOTALL)]


def test_the_newest_report_stands_first_with_its_days_and_verdicts(tmp_path: Path) -> None:
    report(tmp_path, "2025-W52", LLM)
    report(tmp_path, "2026-W01", LLM | {"measured": 2400, "status": "breached"}, LLM, LLM, UPTIME)
    report(tmp_path, "2026-W02", stem="tts-tuning")

    assert rows(render_index(tmp_path)) == [
        "TTS tuning, 2026-W02 Monday 5 to Sunday 11 January 2026 JSON",
        "Weekly performance, 2026-W01 Monday 29 December 2025 to Sunday 4 January 2026 "
        "1 breached 2 met 1 not measured JSON",
        "Weekly performance, 2025-W52 Monday 22 to Sunday 28 December 2025 1 met JSON",
    ]


def test_an_entry_leads_to_the_page_or_what_there_is_instead(tmp_path: Path) -> None:
    report(tmp_path, "2026-W01", LLM)
    printed = report(tmp_path, "2026-W02", LLM)
    printed.with_suffix(".html").rename(printed.with_suffix(".pdf"))
    report(tmp_path, "2026-W03", LLM).with_suffix(".html").unlink()

    links = re.findall(r'<b><a href="([^"]*)"', render_index(tmp_path))

    assert [f"weekly-performance-2026-W0{n}" for n in ("3.json", "2.pdf", "1.html")] == links


def test_what_is_no_report_is_passed_over(tmp_path: Path) -> None:
    told = json.loads(report(tmp_path, "2026-W01", LLM).read_text())
    for name, content in {
        "torn": b'{"report": "weekly',
        "bytes": b"\xff\xfe",
        "list": b"[]",
        "old": json.dumps(told | {"version": 1}).encode(),
        "kind": json.dumps(told | {"report": "monthly"}).encode(),
        "zone": json.dumps(told | {"timezone": "Mars"}).encode(),
        "span": json.dumps(told | {"until": told["since"]}).encode(),
        "rows": json.dumps(told | {"numbers": {"objectives": [{}]}}).encode(),
    }.items():
        (tmp_path / f"{name}.json").write_bytes(content)
    (tmp_path / "folder.json").mkdir()

    assert ["Weekly performance, 2026-W01"] == [row[:28] for row in rows(render_index(tmp_path))]


def test_reports_of_version_2_are_listed_by_todays_verdicts(tmp_path: Path) -> None:
    path = report(tmp_path, "2026-W01", LLM | {"status": "can't say"})
    path.write_text(json.dumps(json.loads(path.read_text()) | {"version": 2}))

    (row,) = rows(render_index(tmp_path))

    assert "1 can’t say" in row


def test_a_folder_without_reports_says_so(tmp_path: Path) -> None:
    assert "No report has been made here yet." in render_index(tmp_path)


def test_hostile_text_in_a_report_is_text(tmp_path: Path) -> None:
    report(tmp_path, "2026-W01", LLM | {"title": "<script>alert(1)</script>", "status": '"><b>'})

    page = render_index(tmp_path)

    assert "<script" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


def test_the_history_of_an_objective_has_a_dot_for_each_week_that_measured_it(tmp_path: Path) -> None:
    for week, measured, status in (
        ("2025-W51", 1500, "met"),
        ("2025-W52", None, "not measured"),
        ("2026-W01", 1800, "inconclusive"),
        ("2026-W02", 2500, "breached"),
    ):
        report(tmp_path, week, LLM | {"measured": measured, "status": status}, UPTIME)

    page = render_index(tmp_path)
    (drawn,) = re.findall("<svg.*?</svg>", page, re.DOTALL)

    assert 'aria-label="2025-W51 1,500 ms; 2026-W01 1,800 ms; 2026-W02 2,500 ms"' in drawn
    dots = [(tone, float(y)) for tone, y in re.findall(r'<circle class="(\w+)" cx="[\d.]+" cy="([\d.]+)"', drawn)]
    assert ["good", "unsure", "bad"] == [tone for tone, _ in dots]
    target = float(re.findall(r'class="target" x1="0" x2="220" y1="([\d.]+)"', drawn)[0])
    assert dots[0][1] > dots[1][1] > target > dots[2][1]  # y grows downwards
    (line,) = re.findall(r'points="([^"]*)"', drawn)  # over the gap goes none
    assert 2 == len(line.split())
    assert "2025-W51 to 2026-W02, a dot for each week." in page
    assert "never measured" in page


def test_the_page_is_written_whole_for_whom_the_folder_is(tmp_path: Path) -> None:
    path = write_index(tmp_path)

    assert [path] == list(tmp_path.iterdir())
    assert path.name == "index.html"
    (other := tmp_path / "other").touch()
    assert stat.S_IMODE(other.stat().st_mode) == stat.S_IMODE(path.stat().st_mode)


def test_a_report_lists_itself(reports: Mapping[str, Path]) -> None:
    page = (reports["weekly"].parent / "index.html").read_text(encoding="utf-8")

    assert ["TTS tuning, 2026-W03", "Weekly performance, 2026-W03"] == sorted(
        re.findall(r'<b><a href="[^"]*">([^<]*)</a>', page)
    )


@pytest.mark.parametrize("visit", list(itertools.product(["light", "dark"], [360, 1280])), indirect=True)
def test_the_page_fits_and_loads_nothing(reports: Mapping[str, Path], visit: Visit) -> None:
    visit.open(index := reports["weekly"].parent / "index.html")
    tab = visit.page

    assert [index.as_uri()] == [url for url in visit.asked_for if not url.startswith("data:")]
    assert [] == visit.said
    assert tab.viewport_size is not None
    assert tab.viewport_size["width"] == tab.evaluate("document.documentElement.scrollWidth")
    background = tab.evaluate("getComputedStyle(document.body).backgroundColor")
    light = tab.evaluate("matchMedia('(prefers-color-scheme: light)').matches")
    assert ("rgb(255, 255, 255)" == background) == light
    assert 10 == tab.locator(".spark").count()
    tab.get_by_role("link", name="Weekly performance, 2026-W03", exact=True).click()
    assert tab.url.endswith("/weekly-performance-2026-W03.html")
