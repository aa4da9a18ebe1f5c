"""The reports, opened in a browser that has no network."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

from bakame_duck.palette import PALETTE

if TYPE_CHECKING:
    from tests.browser import Visit

pytest_plugins = ["tests.report_fixtures", "tests.browser"]

CHARTS = {"weekly": 18, "tts": 8, "tts without columns": 0, "weekly without turns": 2}
MARKS = ".mark-symbol path, .mark-rect path, .mark-line path"


everywhere = pytest.mark.parametrize(
    "visit",
    [("light", 1280), ("light", 360), ("light", 768), ("dark", 1280), ("dark", 360)],
    ids=["light", "light, phone", "light, tablet", "dark", "dark, phone"],
    indirect=True,
)
wide = pytest.mark.parametrize("visit", [("light", 1280)], ids=["light"], indirect=True)


@everywhere
@pytest.mark.parametrize("name", ["weekly", "tts"])
def test_a_report_opens_without_a_network(visit: Visit, reports: Mapping[str, Path], name: str) -> None:
    assert_opens(visit, reports, name)


@pytest.mark.parametrize("visit", [("light", 1280), ("dark", 360)], ids=["light", "dark, phone"], indirect=True)
@pytest.mark.parametrize("name", ["tts without columns", "weekly without turns"])
def test_a_report_of_which_little_can_be_drawn_opens_too(visit: Visit, reports: Mapping[str, Path], name: str) -> None:
    assert_opens(visit, reports, name)


def assert_opens(visit: Visit, reports: Mapping[str, Path], name: str) -> None:
    visit.open(reports[name])

    charts = visit.page.eval_on_selector_all(
        ".chart",
        "(charts, marks) => charts.map(c => [c.dataset.drawn, c.querySelectorAll('svg').length, "
        "c.querySelectorAll(marks).length > 0])",
        MARKS,
    )
    assert [["yes", 1, True]] * CHARTS[name] == charts
    assert [] == visit.said
    assert [reports[name].as_uri()] == visit.asked_for
    assert visit.page.evaluate("document.documentElement.scrollWidth") == visit.page.evaluate("window.innerWidth")


with_each_font = pytest.mark.parametrize(
    "visit",
    [("light", 1280, font) for font in (None, "DejaVu Sans", "Liberation Mono")],
    ids=["installed fonts", "DejaVu Sans", "Liberation Mono"],
    indirect=True,
)


@with_each_font
@pytest.mark.parametrize("name", ["weekly", "tts", "hostile weekly", "hostile tts", "index"])
def test_tables_fit_the_page_with_any_font(visit: Visit, reports: Mapping[str, Path], name: str) -> None:
    visit.open(page_of(reports, name))

    cut = []
    for width in (1280, 960, 768, 360, 320):
        visit.page.set_viewport_size({"width": width, "height": 900})
        cut += visit.page.eval_on_selector_all(
            ".scroll",
            "all => all.filter(t => t.scrollWidth > t.clientWidth).map(t => [innerWidth, t.ariaLabel, t.scrollWidth])",
        )

    assert cut == []
    assert visit.page.locator(".scroll").count() > 0


@with_each_font
@pytest.mark.parametrize("width", [1280, 768, 360])
@pytest.mark.parametrize("name", ["weekly", "tts"])
def test_chart_labels_do_not_collide_with_any_font(
    visit: Visit, reports: Mapping[str, Path], name: str, width: int
) -> None:
    visit.page.set_viewport_size({"width": width, "height": 900})
    visit.open(reports[name])

    labels, colliding, cut = visit.page.eval_on_selector_all(
        ".chart svg",
        """charts => {
            let labels = 0;
            const colliding = [], cut = [];
            for (const chart of charts) {
                const texts = [...chart.querySelectorAll("text:not([opacity='0'])")]
                    .map(text => ({text: text.textContent, box: text.getBoundingClientRect()}))
                    .filter(({box}) => box.width > 0);
                labels += texts.length;
                for (const [place, {text, box}] of texts.entries()) {
                    if (box.left < 0 || box.right > innerWidth) cut.push(text);
                    for (const other of texts.slice(place + 1)) {
                        const across = Math.min(box.right, other.box.right) - Math.max(box.left, other.box.left);
                        const down = Math.min(box.bottom, other.box.bottom) - Math.max(box.top, other.box.top);
                        // A box is about 4 pixels taller than its glyphs; words need a gap of 2.
                        if (across > -2 && down > 4) colliding.push([text, other.text]);
                    }
                }
            }
            return [labels, colliding, cut];
        }""",
    )

    assert labels > 50
    assert [] == colliding
    assert [] == cut
    assert visit.page.evaluate("document.documentElement.scrollWidth") == width


@pytest.mark.parametrize("visit", [("light", 360)], ids=["phone"], indirect=True)
def test_a_stacked_table_is_still_a_table_to_screen_readers(visit: Visit, reports: Mapping[str, Path]) -> None:
    visit.open(reports["tts"])
    table = visit.page.get_by_role("region", name="TTS configurations").get_by_role("table")

    assert "grid" == table.evaluate("table => getComputedStyle(table).display")
    assert ["Configuration", "Turns", "p95", "Target"] == table.get_by_role("columnheader").all_inner_texts()
    assert table.get_by_role("row").count() == 1 + table.get_by_role("rowheader").count() > 2


@wide
def test_charts_use_the_font_of_the_page(visit: Visit, reports: Mapping[str, Path]) -> None:
    visit.open(reports["weekly"])

    families = visit.page.eval_on_selector_all(
        "body, .chart .role-axis-label text",
        "all => [...new Set(all.map(one => getComputedStyle(one).fontFamily.replaceAll('\"', '')))]",
    )

    assert 1 == len(families)


@pytest.mark.parametrize("visit", [("light", 1280), ("dark", 1280)], ids=["light", "dark"], indirect=True)
def test_page_and_charts_follow_the_readers_light_or_dark_theme(
    visit: Visit, reports: Mapping[str, Path], request: pytest.FixtureRequest
) -> None:
    dark = "dark" in request.node.callspec.id
    visit.open(reports["weekly"])

    colors = visit.page.evaluate(
        """(marks) => [
            getComputedStyle(document.body).backgroundColor,
            getComputedStyle(document.querySelector(".chart .role-axis-label text")).fill,
            ...new Set([...document.querySelectorAll(".chart .mark-line path")].map(p => getComputedStyle(p).stroke)),
        ]""",
        MARKS,
    )

    assert [as_rgb(PALETTE[name][dark]) for name in ("background", "mute", "accent", "faint")] == colors


@wide
def test_pointing_at_a_bar_tells_its_numbers(visit: Visit, reports: Mapping[str, Path]) -> None:
    visit.open(reports["weekly"])

    visit.page.locator("#calls-by-day .mark-rect path").first.hover()

    assert "Monday 12 January" in visit.page.locator("#vg-tooltip-element.visible").inner_text()
    assert [] == visit.said


@wide
@pytest.mark.parametrize("name", ["weekly", "tts"])
def test_the_code_is_folded_away_until_it_is_asked_for(visit: Visit, reports: Mapping[str, Path], name: str) -> None:
    visit.open(reports[name])
    code = visit.page.locator("details.how code")

    assert code.count() > 2
    assert [False] * code.count() == [code.nth(place).is_visible() for place in range(code.count())]
    visit.page.locator("details.how summary").first.click()
    assert code.first.is_visible()


@wide
@pytest.mark.parametrize("name", ["weekly", "tts"])
def test_every_section_is_reached_from_the_top(visit: Visit, reports: Mapping[str, Path], name: str) -> None:
    visit.open(reports[name])

    targets = visit.page.eval_on_selector_all("nav a", "links => links.map(link => link.getAttribute('href').slice(1))")
    sections = visit.page.eval_on_selector_all(
        "section[id]:not(.minor)", "sections => sections.map(section => section.id)"
    )

    assert len(targets) > 2
    assert targets == sections


@pytest.mark.parametrize("name", CHARTS)
def test_a_page_names_nothing_that_would_be_loaded(reports: Mapping[str, Path], name: str) -> None:
    page = References()
    page.feed(reports[name].read_text(encoding="utf-8"))

    assert [] == [url for url in page.urls if not url.startswith(("#", "data:"))]
    assert page.styles
    assert [] == [style for style in page.styles if "@import" in style or "url(" in style]


@pytest.mark.parametrize("name", CHARTS)
def test_a_page_is_small_enough_to_mail(reports: Mapping[str, Path], name: str) -> None:
    assert reports[name].stat().st_size <= 3_000_000


def page_of(reports: Mapping[str, Path], name: str) -> Path:
    return reports["weekly"].with_name("index.html") if name == "index" else reports[name]


class References(HTMLParser):
    """Every address that the markup names, and every style sheet; scripts are none of its business."""

    def __init__(self) -> None:
        super().__init__()
        self.urls: list[str] = []
        self.styles: list[str] = []
        self._tag = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._tag = tag
        loading = ("src", "href", "xlink:href", "srcset", "poster", "data", "action", "background")
        self.urls += [value or "" for name, value in attrs if name in loading]
        self.styles += [value or "" for name, value in attrs if name == "style"]

    def handle_data(self, data: str) -> None:
        if self._tag == "style":
            self.styles.append(data)


def as_rgb(color: str) -> str:
    return f"rgb({', '.join(str(int(color[place : place + 2], 16)) for place in (1, 3, 5))})"


@wide
def test_each_day_of_the_week_has_its_own_place_in_a_chart(visit: Visit, reports: Mapping[str, Path]) -> None:
    visit.open(reports["weekly"])

    places = visit.page.eval_on_selector_all(
        "#latency .panels:not(.panels ~ .panels) .chart, #calls-by-day .chart",
        """charts => charts.map(chart => new Set(
            [...chart.querySelectorAll(".mark-symbol path, .mark-rect path")]
                .map(mark => mark.getBoundingClientRect())
                .map(box => Math.round(box.x + box.width / 2))
        ).size)""",
    )

    assert [7, 7, 7, 7, 7] == places


@wide
@pytest.mark.parametrize("name", ["weekly", "tts"])
def test_each_table_is_taken_away_as_the_numbers_that_it_shows(
    visit: Visit, reports: Mapping[str, Path], name: str
) -> None:
    numbers = json.loads(reports[name].with_suffix(".json").read_text(encoding="utf-8"))
    made_from = numbers["provenance"]
    others = [
        {"state": kind.replace("_", " "), "rows": row["lines"]} | row
        for kind in ("health_checks", "voice_auditions")
        for row in made_from[kind]
    ]
    sections = [*numbers["numbers"].values(), made_from["files"] + others]
    visit.open(reports[name])
    links = visit.page.locator("a.csv")

    assert links.count() == visit.page.locator("table").count() > 0
    for place in range(links.count()):
        if place % 8 == 0:  # Chromium gives a page ten downloads, then asks
            visit.open(reports[name])
            visit.page.eval_on_selector_all("details", "all => all.forEach(details => details.open = true)")
        with visit.page.expect_download() as download:
            links.nth(place).click()
        content = Path(download.value.path()).read_text(encoding="utf-8")
        rows = list(csv.DictReader(io.StringIO(content, newline="")))
        label = download.value.suggested_filename
        assert rows, label
        assert any(holds(section, rows) for section in sections), f"{label} is no section of the numbers"
    assert [] == visit.said


def holds(section: list[dict[str, object]], rows: list[dict[str, str]]) -> bool:
    """Whether each row that was taken away is one of the section, in its order, in all columns that both have."""
    if not section or len(section) < len(rows):
        return False
    shared = [name for name in rows[0] if name in section[0]]
    texts = [[as_text(row.get(name)) for name in shared] for row in section]
    wanted = [[as_text(row[name]) for name in shared] for row in rows]
    left = iter(texts)
    return len(shared) >= min(3, len(rows[0])) and all(any(row == text for text in left) for row in wanted)


def number(text: str) -> object:
    try:
        return float(text)
    except ValueError:
        return text


def as_text(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return str(value)
        case int() | float():
            return f"{round(value, 6):.6g}"  # as many decimals as the JSON has
        case list():
            return json.dumps(value, ensure_ascii=False)
        case str() if isinstance(number(value), float):
            return as_text(number(value))
        case _:
            return Path(str(value)).name if "/" in str(value) else str(value).removeprefix("'")


@pytest.mark.parametrize("width", [1280, 360], ids=["wide", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["weekly", "tts", "index"])
def test_everybody_can_read_a_page(
    chromium: Browser, reports: Mapping[str, Path], name: str, scheme: str, width: int
) -> None:
    from tests.browser import Visit  # not above: pytest has to be the first to import its fixtures

    page_file = page_of(reports, name)
    context = chromium.new_context(
        offline=True,
        color_scheme=scheme,
        viewport={"width": width, "height": 900},
        bypass_csp=True,  # else the page refuses the script that looks at it
    )
    try:
        visit = Visit(context.new_page())
        visit.open(page_file)
        found = Axe().run(visit.page).response["violations"]
    finally:
        context.close()

    serious = [violation for violation in found if violation["impact"] in ("serious", "critical")]
    assert [] == [(violation["id"], [node["html"][:120] for node in violation["nodes"][:3]]) for violation in serious]


@wide
def test_a_printed_report_holds_its_charts_and_is_not_cut(
    visit: Visit, reports: Mapping[str, Path], tmp_path: Path
) -> None:
    visit.open(reports["weekly"])
    visit.page.emulate_media(media="print")

    assert "none" == visit.page.eval_on_selector("nav", "nav => getComputedStyle(nav).display")
    visit.page.set_viewport_size({"width": 680, "height": 960})  # what A4 leaves between its margins
    visit.page.wait_for_timeout(300)
    too_wide = visit.page.eval_on_selector_all(
        "table, .chart svg", "all => all.filter(one => one.getBoundingClientRect().right > innerWidth + 1).length"
    )
    assert 0 == too_wide
    assert visit.page.pdf().startswith(b"%PDF-")
