"""
Render an executed notebook as one HTML page that needs no network.

Under each figure and table the page says how it was computed: the notebook's own lines,
and the SQL of every metric and view that they ask.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from copy import deepcopy
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb

import bakame_duck
from bakame_duck.palette import MIMETYPE, PALETTE, PANELS
from bakame_duck.periods import Period
from bakame_duck.resources import quick_imports, resource_folder
from bakame_duck.vega import vega_bundle
from bakame_duck.wording import count, several

with quick_imports():
    from nbconvert import HTMLExporter
    from nbformat import NotebookNode

_TEMPLATES = Path(__file__).parent / "templates"


def render(notebook: NotebookNode, title: str, period: Period) -> str:
    """
    Return the executed *notebook* as a page.

    Args:
        notebook: It is left as it is.

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
                "style": (_TEMPLATES / "report" / "report.css").read_text(),
                "script": (_TEMPLATES / "report" / "report.js").read_text(),
                "vega": vega_bundle(),
            }
        },
    )
    return str(page)


def _read(notebook: NotebookNode) -> str:
    """Return from how much a report was made, as its receipt says."""
    shown = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    parts = [output.get("data", {}).get("application/json", {}).get("receipt", {}) for output in shown]
    files = [file for part in parts for file in part.get("files", []) if file["state"] in ("sound", "repaired")]
    rows, rejects = (sum(file[name] for file in files) for name in ("rows", "rejects"))
    return f"from {several(len(files), 'log file')}, {several(rows, 'record')}, {count(rejects)} rejected"


def _script_json(spec: dict[str, Any]) -> str:
    """Return a chart's specification for a script element: as wide as its place, in the page's own colours."""
    text = json.dumps({name: part for name, part in spec.items() if name != "$schema"} | {"width": "container"})
    for name, (light, _) in PALETTE.items():
        text = text.replace(f'"{light}"', f'"var(--{name})"')
    return text.replace("<", r"\u003c")


def _explained(notebook: NotebookNode) -> NotebookNode:
    """Return *notebook* with ``metadata.computed`` on each cell under which the page says how it was computed."""
    notebook = deepcopy(notebook)
    texts = {path.stem: path.read_text() for name in ("views", "metrics") for path in _sql(name)}
    known: dict[str, set[str]] = {}  # what each variable was made from
    lines: list[str] = []
    asked: set[str] = set()
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and cell.source.startswith("## "):
            lines, asked = [], set()
        if cell.cell_type != "code":
            continue
        found = _asked_by(cell.source, known) & texts.keys()
        if found and not _is_data(cell):
            lines.append(cell.source)
            asked |= found
        if asked and _is_figure(cell):
            cell.metadata["computed"] = {"lines": "\n\n".join(lines), "sql": [texts[name] for name in sorted(asked)]}
            lines, asked = [], set()
    return notebook


def _sql(folder: str) -> Iterator[Path]:
    return (resource_folder("sql") / folder).glob("*.sql")


def _asked_by(source: str, known: dict[str, set[str]]) -> set[str]:
    """Return the metrics and views that the code *source* asks, itself or by a variable; note its own in *known*."""
    asked = set()
    for statement in ast.parse(source).body:
        found: set[str] = set()
        for node in ast.walk(statement):
            match node:
                case ast.Call(func=ast.Name(id="metric"), args=[_, ast.Constant(value=str(name)), *_]):
                    found.add(name)
                case ast.Call(func=ast.Attribute(attr="sql"), args=[ast.Constant(value=str(query)), *_]):
                    words = query.split()
                    found |= {words[place + 1] for place, word in enumerate(words[:-1]) if word == "from"}
                case ast.Name(id=name, ctx=ast.Load()):
                    found |= known.get(name, set())
        for node in ast.walk(statement):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                known[node.id] = found
        asked |= found
    return asked


def _is_figure(cell: NotebookNode) -> bool:
    """Whether a cell shows more than a sentence."""
    shown = [output.data for output in cell.outputs if output.output_type == "execute_result"]
    html = "".join(data.get("text/html", "") for data in shown)
    return any(MIMETYPE in data for data in shown) or (bool(html) and not html.startswith("<p"))


def _is_data(cell: NotebookNode) -> bool:
    """Whether a cell shows nothing but the numbers for the JSON."""
    return any("application/json" in output.get("data", {}) for output in cell.outputs)
