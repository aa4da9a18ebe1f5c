"""Reports over logs that want to do harm: what a log says is shown as text or not at all, and tells of nobody."""

from __future__ import annotations

import base64
import csv
import gzip
import html
import io
import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bakame_duck.reports.charts.vega import vega_bundle
from tests.hostile import ADDRESSES, MARK, NAMES_OF_CALLERS, NUMBERS, SPELLINGS, WORDS

if TYPE_CHECKING:
    from tests.browser import Visit
    from tests.report_fixtures import Break, Run

pytest_plugins = ["tests.report_fixtures", "tests.browser"]

HOSTILE = ("hostile weekly", "hostile tts")
CHARTS = {"hostile weekly": 17, "hostile tts": 4}
COMPUTED = ("=", "+", "-", "@", "\t", "\r", "\n")


@pytest.fixture(scope="module")
def written(reports: Mapping[str, Path]) -> Mapping[str, Mapping[str, str]]:
    """The texts of each report: its page, notebook and JSON without the script of the charts, and each CSV."""
    return {name: texts_of(path.with_suffix(s) for s in (".html", ".ipynb", ".json")) for name, path in reports.items()}


def texts_of(paths: Iterable[Path]) -> dict[str, str]:
    texts = {}
    for path in paths:
        text = path.read_text(encoding="utf-8").replace(vega_bundle(), "")
        for number, content in enumerate(re.findall(r"data:text/csv;base64,([\w+/=]+)", text)):
            texts[f"{path.name}, CSV {number}"] = base64.b64decode(content).decode()
        texts[path.name] = re.sub(r"base64,[\w+/=]+", "", text)
    return texts


# Text that wants to do harm


@pytest.mark.parametrize("visit", [("light", 360), ("dark", 1280)], ids=["phone", "dark"], indirect=True)
@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_logs_do_nothing_to_a_page(visit: Visit, reports: Mapping[str, Path], name: str) -> None:
    dialogs = []
    visit.page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    visit.open(reports[name])
    visit.page.eval_on_selector_all("details", "all => all.forEach(details => details.open = true)")
    visit.page.wait_for_timeout(300)

    drawn = visit.page.eval_on_selector_all(
        ".chart", "all => all.map(c => [c.dataset.drawn, c.querySelectorAll('svg .mark-group path').length > 0])"
    )
    assert [["yes", True]] * CHARTS[name] == drawn
    assert ([], [], [reports[name].as_uri()]) == (dialogs, visit.said, visit.asked_for)
    assert visit.page.evaluate("document.documentElement.scrollWidth") == visit.page.evaluate("window.innerWidth")


ELEMENTS = """() => {
    const all = [...document.querySelectorAll("*")];
    const attributes = all.flatMap(element => [...element.attributes].map(({name}) => name));
    return {
        elements: [...new Set(all.map(element => element.localName))],
        attributes: [...new Set(attributes)],
        scripts: document.scripts.length - document.querySelectorAll(".chart").length,
        addresses: all.flatMap(element => ["href", "src", "xlink:href"].map(name => element.getAttribute(name)))
            .filter(url => url && !url.startsWith("#") && !url.startsWith("data:")),
    };
}"""


@pytest.mark.parametrize("visit", [("light", 1280)], ids=["light"], indirect=True)
@pytest.mark.parametrize("name", ["weekly", "tts"])
def test_hostile_logs_bring_no_element_into_a_page(visit: Visit, reports: Mapping[str, Path], name: str) -> None:
    visit.open(reports[name])
    clean = visit.page.evaluate(ELEMENTS)
    visit.open(reports[f"hostile {name}"])
    found = visit.page.evaluate(ELEMENTS)

    assert (2, []) == (found["scripts"], found["addresses"])
    assert [] == [element for element in found["elements"] if element not in clean["elements"]]
    assert [] == [attribute for attribute in found["attributes"] if attribute not in clean["attributes"]]


@pytest.mark.parametrize("visit", [("light", 1280)], ids=["light"], indirect=True)
def test_hostile_text_is_shown_as_text(visit: Visit, reports: Mapping[str, Path]) -> None:
    visit.open(reports["hostile weekly"])
    visit.page.eval_on_selector_all("details", "all => all.forEach(details => details.open = true)")
    messages = visit.page.locator("table", has_text="Message").all_inner_texts()[0]
    modules = visit.page.locator("table", has_text="ASR confidence").all_inner_texts()[0]
    page = visit.page.inner_text("main")

    for text in ("<script>alert(1)</script>", "{{ 7*7 }}{% raw %}${7*7}", "$x^2$ \\(y\\) $$z$$", "-->]]><!--", "=1+1"):
        assert f"{text}{MARK}" in messages
        assert f"{text}{MARK}" in modules
    for text in ("user_sessions_<b>x.csv", "<script>alert(8)</script>", f"red{MARK}", f"zerowidth{MARK}"):
        assert text in page


@pytest.mark.parametrize("name", HOSTILE)
def test_nothing_that_a_reader_cannot_see_reaches_a_report(written: Mapping[str, Mapping[str, str]], name: str) -> None:
    def decoded(text: str) -> str:
        return re.sub(r"\\u([0-9a-f]{4})", lambda found: chr(int(found[1], 16)), html.unescape(text))

    found = {
        (where, f"U+{ord(character):04X}")
        for where, text in written[name].items()
        for character in set(decoded(text)) - set("\n\r\t")
        if unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp")
    }

    assert set() == found


@pytest.mark.parametrize("name", HOSTILE)
def test_a_page_stays_small_whatever_a_log_says(reports: Mapping[str, Path], name: str) -> None:
    assert reports[name].stat().st_size <= 3_000_000
    assert "W" * 301 not in reports[name].with_suffix(".json").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", HOSTILE)
def test_a_table_that_is_taken_away_is_safe_to_open(written: Mapping[str, Mapping[str, str]], name: str) -> None:
    tables = [text for where, text in written[name].items() if ".html, CSV" in where]
    cells = [cell for text in tables for row in csv.reader(io.StringIO(text, newline="")) for cell in row if cell]

    assert len(tables) > 1
    assert {f"'{text}{MARK}" for text in ("=1+1", "+1", "-1", "@SUM(1)")} <= set(cells)
    assert [] == [cell for cell in cells if cell.startswith(COMPUTED) and not is_number(cell)]
    assert any(is_number(cell) for cell in cells)


def is_number(cell: str) -> bool:
    return re.fullmatch(r"-?\d+(\.\d+)?(e[+-]?\d+)?", cell) is not None


# Personal data


def sample_texts(folder: Path) -> Iterator[list[str]]:
    """Yield the records of the sample's files as Python's own csv reads them, with damaged lines as they are."""
    for path in folder.glob("user_sessions*"):
        content = path.read_bytes()
        text = (gzip.decompress(content) if path.suffix == ".gz" else content).decode(errors="replace")
        yield from csv.reader(io.StringIO(text.replace("\0", ""), newline=""))


@pytest.fixture(scope="module")
def sample_secrets(sample_folder: Path) -> tuple[set[str], set[str], set[str], set[str]]:
    """The phone numbers, addresses, confirmed names and words of the sample's callers."""
    rows = [row for row in sample_texts(sample_folder) if len(row) > 6 and row[0] != "timestamp"]
    everything = "\n".join(cell for row in rows for cell in row)
    return (
        {row[1] for row in rows if re.fullmatch(r"\+\d{9,}", row[1])},
        set(re.findall(r"[\w.+-]+@[\w-]+\.[\w.]+\w", everything)),
        set(re.findall(r"\[NAME_CONFIRMED:\s*([^\]\n]+)\]", everything)),
        {cell for row in rows if row[4] != "turn_metrics" for cell in row[5:7] if len(cell) > 12},
    )


@pytest.mark.parametrize("name", ["weekly", "tts"])
def test_nobody_of_the_sample_is_in_a_report(
    written: Mapping[str, Mapping[str, str]], sample_secrets: tuple[set[str], ...], name: str
) -> None:
    assert all(sample_secrets)
    assert [] == leaks(written[name], *sample_secrets)


@pytest.mark.parametrize("name", HOSTILE)
def test_nobody_of_hostile_logs_is_in_a_report(written: Mapping[str, Mapping[str, str]], name: str) -> None:
    assert [] == leaks(written[name], *HOSTILE_SECRETS)


HOSTILE_SECRETS = (
    {*NUMBERS, *SPELLINGS, "788555091", "788555092", "788555093"},
    {*ADDRESSES, "mukamana@example.rw"},
    set(NAMES_OF_CALLERS),
    set(WORDS),
)


def leaks(texts: Mapping[str, str], *secrets: Iterable[str]) -> list[tuple[str, str]]:
    """Return what of callers' numbers, addresses, names and words stands in *texts*, and where."""
    numbers, addresses, names, words = secrets
    found = []
    for where, text in texts.items():
        plain = html.unescape(text)
        runs = {re.sub(r"\D", "", run) for run in re.findall(r"\d(?:[ ().+-]{0,3}\d){8,}", plain)}
        found += [(where, one) for one in numbers if any(digits(one) in run for run in runs)]
        found += [(where, one) for one in addresses if one.lower() in plain.lower()]
        found += [(where, one) for one in names if re.search(rf"\b{re.escape(one)}\b", plain)]
        in_a_row = set(runs_of_words(plain))
        found += [(where, one) for one in words if not in_a_row.isdisjoint(runs_of_words(one))]
    return found


def digits(number: str) -> str:
    """Return the nine digits by which a number is known, however it is written."""
    return "".join(str(unicodedata.digit(one)) for one in number if one.isdigit())[-9:]


def runs_of_words(text: str, length: int = 4) -> Iterator[tuple[str, ...]]:
    """Yield every so many words in a row, whatever stands between them."""
    words = re.findall(r"[^\W_]+", re.sub(r"\\[nrt]", " ", text))
    yield from zip(*(words[place:] for place in range(length)), strict=False)


def test_the_search_for_secrets_finds_each() -> None:
    kept = {
        "html": "call 078-855-50 81, ingabire&#64;example.rw, Umutesiwase: Ndashaka\\nkwiga imibare yo&nbsp;guteranya"
    }

    assert ["+250788555081", "ingabire@example.rw", "Umutesiwase", WORDS[0]] == [
        secret for _, secret in leaks(kept, ["+250788555081", "+250788555082"], ADDRESSES, NAMES_OF_CALLERS, WORDS)
    ]


def test_a_report_that_fails_tells_of_nobody(run: Run, broken: Break, hostile_folder: Path, tmp_path: Path) -> None:
    broken(
        "try:\n"
        "    con.sql(\"select user_input::bigint from interactions where user_input like 'What%'\").fetchall()\n"
        "except Exception as error:\n"
        "    import sys, warnings\n"
        "    texts = [text for (text,) in con.sql('select distinct error from user_sessions').fetchall() if text]\n"
        "    print(*texts, sep='\\n')\n"
        "    warnings.warn(' '.join(texts[:5]))\n"
        "    raise KeyError(' '.join(text for text in texts if '250' in text)) from error\n"
    )

    outcome = run("report", "weekly", "--week", "2026-W03", "--data", hostile_folder, "--out", tmp_path / "out")

    (kept,) = (tmp_path / "out").glob("*.failed.ipynb")
    notebook = json.loads(kept.read_text(encoding="utf-8"))
    (traceback,) = [output["traceback"] for cell in notebook["cells"] for output in cell.get("outputs", [])
                    if output["output_type"] == "error"]  # fmt: skip
    assert 1 == outcome.code
    assert [] == leaks(texts_of([kept]) | {"stderr": outcome.err}, *HOSTILE_SECRETS)
    assert "Conversion Error: Could not convert string …" in "\n".join(traceback)
    assert "raise KeyError" in re.sub(r"\x1b\[[\d;]*m", "", "\n".join(traceback))
    assert "\x1b" not in outcome.err
