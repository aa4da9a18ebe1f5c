"""How an executed notebook becomes a page."""

from __future__ import annotations

import html
import json
import re
from datetime import date
from typing import Any

import nbformat
import pytest
from nbformat import NotebookNode

import bakame_duck
from bakame_duck.palette import MIMETYPE, NUMBERS, PALETTE, PANELS, SQL
from bakame_duck.reports.page import render
from bakame_duck.resources import resource_folder
from bakame_duck.timespan import Period

WEEK = Period("2026-W03", date(2026, 1, 12), date(2026, 1, 18), "Africa/Kigali")
CHART = {MIMETYPE: {"$schema": "https://vega.github.io/schema/vega-lite/v5.json", "mark": "bar"}}
TABLE = {"text/html": '<div class="scroll"><table></table></div>'}
SENTENCE = {"text/html": '<p class="why">No turn failed.</p>'}


def heading(source: str, *tags: str) -> NotebookNode:
    return nbformat.v4.new_markdown_cell(source, metadata={"tags": list(tags)})


def code(source: str = "show()", *shown: dict[str, Any]) -> NotebookNode:
    """Return a cell that shows each of *shown*, a bundle of what it is in several types."""
    outputs = [nbformat.v4.new_output("execute_result", data, execution_count=1) for data in shown]
    return nbformat.v4.new_code_cell(source, outputs=outputs, execution_count=1)


def page(*cells: NotebookNode, title: str = "Weekly performance", period: Period = WEEK) -> str:
    return render(nbformat.v4.new_notebook(cells=list(cells)), title, period)


def body(text: str) -> str:
    """Return what stands between the page's header and its footer."""
    return re.sub(r".*</header>(.*)<footer.*", r"\1", text, flags=re.DOTALL)


def explanations(text: str) -> list[list[str]]:
    """Return the texts of each folded part: the statements, then the SQL files."""
    folded = re.findall(r'<details class="how">(.*?)</details>', text, re.DOTALL)
    assert all(part.startswith("<summary>How is this computed?</summary>") for part in folded)
    return [[html.unescape(found) for found in re.findall(r"<code>(.*?)</code>", part, re.DOTALL)] for part in folded]


def sql(name: str) -> str:
    return next(resource_folder("sql").rglob(f"{name}.sql")).read_text()


# Sections


def test_a_heading_of_the_second_level_opens_a_section_that_the_top_leads_to() -> None:
    text = page(heading("## Slow turns, by stage\n\nThe *dot*: this week."), code("1", TABLE))

    assert '<nav aria-label="Sections">\n<a href="#slow-turns-by-stage">Slow turns, by stage</a>\n</nav>' in text
    assert '<section class="" id="slow-turns-by-stage">' in text
    assert "<p>The <em>dot</em>: this week.</p>" in text


def test_a_minor_section_is_not_led_to_and_a_half_one_is_told_to_the_style() -> None:
    text = page(heading("## When", "half", "minor"))

    assert '<section class="half minor" id="when">' in text
    assert 'href="#when"' not in text


@pytest.mark.parametrize("source", ["# The notebook's own title", "Some words", "### Too deep"])
def test_other_words_of_the_notebook_are_not_on_the_page(source: str) -> None:
    assert "</section>" == "".join(body(page(heading(source))).split()).removeprefix('<sectionclass="opening">')


def test_every_section_is_closed() -> None:
    text = page(heading("## One"), code("1", TABLE), heading("## Two"))

    assert 3 == text.count("<section") == text.count("</section>")


# What a cell shows


def test_a_cells_code_is_not_shown() -> None:
    assert "secret_line" not in page(code("secret_line = 1"), code("secret_line", SENTENCE))


def test_html_stands_there_as_it_is_and_text_is_escaped() -> None:
    text = body(page(code("1", TABLE | {"text/plain": "Block"}), code("2", {"text/plain": "<b>'&"})))

    assert TABLE["text/html"] in text
    assert "Block" not in text
    assert "<pre>&lt;b&gt;'&amp;</pre>" in text


def test_numbers_for_the_json_are_not_shown() -> None:
    assert "of JSON" not in body(page(code("1", {NUMBERS: "{}", "text/plain": "of JSON"})))


def test_what_a_cell_prints_and_what_fails_is_not_shown() -> None:
    cell = code()
    cell.outputs = [
        nbformat.v4.new_output("stream", name="stderr", text="a warning"),
        nbformat.v4.new_output("error", ename="ValueError", evalue="no llamas", traceback=["a traceback"]),
        nbformat.v4.new_output("display_data", {"text/html": "<p>displayed</p>"}),
    ]

    assert [] == re.findall("a warning|llamas|traceback|displayed", body(page(cell)))


# Charts


def specs(text: str) -> list[dict[str, Any]]:
    return [json.loads(spec) for spec in re.findall(r'<script type="application/json">(.*?)</script>', text, re.DOTALL)]


def test_a_chart_is_as_wide_as_its_place_in_the_colours_of_the_page() -> None:
    spec = {"mark": {"color": PALETTE["accent"][0]}, "$schema": "https://vega.github.io", "width": 640}

    text = page(code("1", {MIMETYPE: spec, "text/plain": "a chart"}))

    assert [{"mark": {"color": "var(--accent)"}, "width": "container"}] == specs(text)
    assert "a chart" not in text
    assert "vega.github.io" not in body(text)


def test_no_text_in_a_chart_ends_its_script() -> None:
    hostile = "</script><script>alert(1)</script><!--"

    text = page(code("1", {MIMETYPE: {"title": hostile}}))

    assert hostile == specs(text)[0]["title"]
    assert "alert(1)</" not in text


def test_panels_have_one_legend_and_a_chart_each() -> None:
    panels = {PANELS: {"legend": {"p95 <": "accent"}, "panels": [{"mark": "bar"}, {"mark": "line"}]}}

    text = page(code("1", CHART | panels))

    assert ["bar", "line"] == [spec["mark"] for spec in specs(text)]
    assert '<p class="legend"><span><i style="background: var(--accent)"></i>p95 &lt;</span></p>' in text


# How it is computed


ERRORS = "from errors_by_day(since := timestamp '2026-01-11 22:00:00')"
CALLS = "from calls_per_day()"
FILES = "select * from ingest_files order by file"


def computed(shown: dict[str, Any], *statements: str) -> NotebookNode:
    """Return a cell that shows something with its SQL."""
    cell = code("show()", shown)
    cell.outputs[0].metadata[SQL] = list(statements)
    return cell


@pytest.mark.parametrize("shown", [CHART, TABLE])
def test_a_figure_is_followed_by_its_sql_and_that_of_its_metric(shown: dict[str, Any]) -> None:
    assert [[ERRORS, sql("errors_by_day")]] == explanations(page(heading("## Errors"), computed(shown, ERRORS)))


def test_a_view_is_explained_too() -> None:
    assert [[FILES, sql("ingest_files")]] == explanations(page(computed(TABLE, FILES)))


def test_a_figure_of_several_results_shows_the_sql_of_each_once() -> None:
    text = page(computed(CHART, ERRORS, CALLS, ERRORS))

    assert [[ERRORS, CALLS, sql("calls_per_day"), sql("errors_by_day")]] == explanations(text)


def test_the_sql_of_a_sentence_is_below_the_figure_that_follows() -> None:
    text = page(computed(SENTENCE, CALLS), computed(CHART, ERRORS), computed(TABLE, CALLS))

    assert [[CALLS, ERRORS, sql("calls_per_day"), sql("errors_by_day")], [CALLS, sql("calls_per_day")]] == explanations(
        text
    )
    assert text.index("No turn failed.") < text.index('class="chart"') < text.index('<details class="how">')


def test_a_heading_separates_what_is_explained_together() -> None:
    text = page(computed(SENTENCE, ERRORS), heading("## Calls"), computed(CHART, CALLS))

    assert [[CALLS, sql("calls_per_day")]] == explanations(text)


@pytest.mark.parametrize(
    "cell",
    [computed(CHART), computed(SENTENCE, CALLS), computed({NUMBERS: "{}"}, CALLS), code("1", CHART)],
    ids=["no SQL", "a sentence alone", "numbers", "no metadata"],
)
def test_nothing_is_explained_without_sql_or_a_figure(cell: NotebookNode) -> None:
    assert [] == explanations(page(cell))


def test_a_statement_over_something_else_is_shown_alone() -> None:
    assert [["select 42 as answer"]] == explanations(page(computed(TABLE, "select 42 as answer")))


def test_the_notebook_is_left_as_it_was() -> None:
    notebook = nbformat.v4.new_notebook(cells=[computed(CHART, CALLS)])
    before = json.dumps(notebook)

    render(notebook, "Weekly performance", WEEK)

    assert before == json.dumps(notebook)


# Header and footer


def provenance(*files: tuple[str, int, int]) -> dict[str, Any]:
    parts = [{"state": state, "rows": rows, "rejects": rejects} for state, rows, rejects in files]
    return {"application/json": {"provenance": {"files": parts}}}


@pytest.mark.parametrize(
    ("files", "told"),
    [
        (
            [("sound", 1200, 0), ("repaired", 34, 5), ("duplicate", 1200, 0)],
            "from 2 log files, 1,234 records, 5 rejected",
        ),
        ([("sound", 1, 0)], "from 1 log file, 1 record, 0 rejected"),
        ([], "from 0 log files, 0 records, 0 rejected"),
    ],
)
def test_the_header_says_of_when_it_is_and_from_how_much(files: list[tuple[str, int, int]], told: str) -> None:
    text = page(code("made_from", provenance(*files)))

    assert "<h1>Weekly performance, 2026-W03</h1>" in text
    line = re.search(r'<p class="mute">(.*?)</p>', text)[1]
    assert re.fullmatch(
        rf"Monday 12 to Sunday 18 January 2026, Kigali time · made \d+ \w+ \d{{4}}, \d\d:\d\d {re.escape(told)}", line
    )


def test_a_title_cannot_be_markup() -> None:
    text = page(title="A <b> & c")

    assert "<title>A &lt;b&gt; &amp; c, 2026-W03</title>" in text
    assert "<h1>A &lt;b&gt; &amp; c, 2026-W03</h1>" in text


def test_a_page_forbids_itself_to_load_anything() -> None:
    policy = re.search(r'<meta content="([^"]*)" http-equiv="Content-Security-Policy"', page())[1]

    assert "default-src 'none'" in policy
    assert {"'none'", "'unsafe-inline'", "data:"} == set(re.findall(r"'[^']+'|\w+:", policy))


def test_every_colour_has_a_light_and_a_dark_value() -> None:
    text = page()

    for name, (light, dark) in PALETTE.items():
        assert [light, dark] == re.findall(rf"--{name}: ([^;]+);", text)


def test_the_footer_names_the_kit() -> None:
    assert f"bakame-duck {bakame_duck.__version__} · DuckDB " in page().rpartition("<footer")[2]
