"""
Render an executed notebook as one HTML page that needs no network.

Under each figure and table the page says how it was computed: the notebook's own lines,
and the SQL of every metric and view that they ask.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator, Sequence, Set
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb

import bakame_duck
from bakame_duck.formatting import count, pluralize
from bakame_duck.palette import MIMETYPE, NUMBERS, PALETTE, PANELS
from bakame_duck.reports.charts.vega import vega_bundle
from bakame_duck.resources import quick_imports, resource_folder
from bakame_duck.timespan import Period

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
                "numbers": NUMBERS,
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
    return f"from {pluralize(len(files), 'log file')}, {pluralize(rows, 'record')}, {count(rejects)} rejected"


def _script_json(spec: dict[str, Any]) -> str:
    """Return a chart's specification for a script element: as wide as its place, in the page's own colours."""
    text = json.dumps({name: part for name, part in spec.items() if name != "$schema"} | {"width": "container"})
    for name, (light, _) in PALETTE.items():
        text = text.replace(f'"{light}"', f'"var(--{name})"')
    return text.replace("<", r"\u003c")


@dataclass(frozen=True)
class _Origin:
    """What something was made from: the metrics and views that were asked, and the statements that did."""

    asked: Set[str] = frozenset()
    statements: Sequence[str] = ()


def _explained(notebook: NotebookNode) -> NotebookNode:
    """Return *notebook* with ``metadata.computed`` on each cell under which the page says how it was computed."""
    notebook = deepcopy(notebook)
    texts = {path.stem: path.read_text() for name in ("views", "metrics") for path in _sql(name)}
    known: dict[str, _Origin] = {}
    lines: list[str] = []
    asked: set[str] = set()
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and cell.source.startswith("## "):
            lines, asked = [], set()
        if cell.cell_type != "code":
            continue
        origin = _origin(cell.source, known)
        found = origin.asked & texts.keys()
        if found and cell.outputs and not _is_data(cell):
            told = "\n".join([*lines, cell.source])
            earlier = [statement for statement in origin.statements if statement not in told]
            lines += ["\n".join(earlier)] * bool(earlier) + [cell.source]
            asked |= found
        if asked and _is_figure(cell):
            cell.metadata["computed"] = {"lines": "\n\n".join(lines), "sql": [texts[name] for name in sorted(asked)]}
            lines, asked = [], set()
    return notebook


def _sql(folder: str) -> Iterator[Path]:
    return (resource_folder("sql") / folder).glob("*.sql")


def _origin(source: str, known: dict[str, _Origin]) -> _Origin:
    """Return the origin of what the code *source* shows; note that of its variables in *known*."""
    all_asked: set[str] = set()
    all_statements: list[str] = []
    for statement in ast.parse(source).body:
        asked: set[str] = set()
        statements: list[str] = []
        for node in ast.walk(statement):
            match node:
                case ast.Call(func=ast.Attribute(attr="metric"), args=[ast.Constant(value=str(name)), *_]):
                    asked.add(name)
                case ast.Call(func=ast.Attribute(attr="sql"), args=[ast.Constant(value=str(query)), *_]):
                    words = query.split()
                    asked |= {words[place + 1] for place, word in enumerate(words[:-1]) if word == "from"}
                case ast.Name(id=name, ctx=ast.Load()) if name in known:
                    asked |= known[name].asked
                    statements += known[name].statements
        made = _Origin(asked, [*statements, ast.get_source_segment(source, statement) or ""] if asked else [])
        for node in ast.walk(statement):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                known[node.id] = made
        all_asked |= asked
        all_statements += statements
    return _Origin(all_asked, list(dict.fromkeys(all_statements)))


def _is_figure(cell: NotebookNode) -> bool:
    """Whether a cell shows more than a sentence."""
    shown = [output.data for output in cell.outputs if output.output_type == "execute_result"]
    html = "".join(data.get("text/html", "") for data in shown)
    return any(MIMETYPE in data for data in shown) or (bool(html) and not html.startswith("<p"))


def _is_data(cell: NotebookNode) -> bool:
    """Whether a cell shows nothing but what is for the JSON."""
    return any({"application/json", NUMBERS} & output.get("data", {}).keys() for output in cell.outputs)
