"""
Render an executed notebook as one HTML page that needs no network.

Below each figure and table the page shows how it was computed: the statements that its
results carry, and the SQL files of the metrics and views that they read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from copy import deepcopy
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb

import bakame_duck
from bakame_duck.formatting import count, pluralize
from bakame_duck.palette import MIMETYPE, NUMBERS, PALETTE, PANELS, SQL
from bakame_duck.reports.charts.vega import vega_bundle
from bakame_duck.resources import quick_imports, resource_folder
from bakame_duck.timespan import Period

with quick_imports():
    from nbconvert import HTMLExporter
    from nbformat import NotebookNode

    from bakame_duck.reports.document import provenance_of

_TEMPLATES = Path(__file__).parent / "templates"
_RELATION = re.compile(r"\b(?:from|join)\s+(\w+)")


def render(notebook: NotebookNode, title: str, period: Period) -> str:
    """
    Return the executed *notebook* as a page.

    Args:
        notebook: The notebook; it is not changed.

        title: The report's title, before the period.

        period: The days it covers.
    """
    exporter = HTMLExporter(template_name="report", extra_template_basedirs=[str(_TEMPLATES)])
    exporter.register_filter("as_script_json", _script_json)
    made = datetime.now(ZoneInfo(period.timezone))
    page, _ = exporter.from_notebook_node(
        _explained(notebook),
        resources={
            "report": {
                "title": title,
                "label": period.label,
                "days": period.title,
                "timezone": period.timezone,
                "made": f"{made.day} {made:%B %Y, %H:%M}",
                "read": _read(notebook),
                "version": bakame_duck.__version__,
                "duckdb": duckdb.__version__,
                "palette": PALETTE,
                "chart": MIMETYPE,
                "panels": PANELS,
                "numbers": NUMBERS,
                "style": (_TEMPLATES / "report" / "report.css").read_text(),
                "script": (_TEMPLATES / "report" / "report.js").read_text(),
                "vega": vega_bundle(),
            }
        },
    )
    return str(page)


def _read(notebook: NotebookNode) -> str:
    """Return how many files and records a report was made from, according to its provenance."""
    files = [file for file in provenance_of(notebook).get("files", []) if file["state"] in ("sound", "repaired")]
    rows, rejects = (sum(file[name] for file in files) for name in ("rows", "rejects"))
    return f"from {pluralize(len(files), 'log file')}, {pluralize(rows, 'record')}, {count(rejects)} rejected"


def _script_json(spec: dict[str, Any]) -> str:
    """Return a chart's specification for a script element: as wide as its container, in the page's colours."""
    text = json.dumps({name: part for name, part in spec.items() if name != "$schema"} | {"width": "container"})
    for name, (light, _) in PALETTE.items():
        text = text.replace(f'"{light}"', f'"var(--{name})"')
    return text.replace("<", r"\u003c")


def _explained(notebook: NotebookNode) -> NotebookNode:
    """
    Return *notebook* with ``metadata.computed`` on each cell below which the page shows how it was computed.

    A figure or table shows its own SQL, and that of the sentences above it in the same section.
    """
    notebook = deepcopy(notebook)
    statements: list[str] = []
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and cell.source.startswith("## "):
            statements = []
        for output in cell.get("outputs", []):
            statements = list(dict.fromkeys([*statements, *output.get("metadata", {}).get(SQL, [])]))
            if statements and _is_figure(output):
                cell.metadata["computed"] = [*statements, *_files_of(statements)]
                statements = []
    return notebook


def _files_of(statements: Sequence[str]) -> list[str]:
    """Return the SQL files of the metrics and views that *statements* read."""
    names = {name for statement in statements for name in _RELATION.findall(statement)}
    texts = {path.stem: path.read_text() for folder in ("views", "metrics") for path in _sql(folder)}
    return [texts[name] for name in sorted(names & texts.keys())]


def _sql(folder: str) -> Iterator[Path]:
    return (resource_folder("sql") / folder).rglob("*.sql")


def _is_figure(output: NotebookNode) -> bool:
    """Whether a cell shows more than a sentence."""
    data = output.get("data", {})
    html = data.get("text/html", "")
    return MIMETYPE in data or (bool(html) and not html.startswith("<p"))
