"""
Build a report's JSON document from its executed notebook.

``docs/report.schema.json`` describes it. The same logs give the same document on any machine.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from nbformat import NotebookNode

from bakame_duck.palette import NUMBERS
from bakame_duck.reports.request import ReportRequest
from bakame_duck.timespan import Period

VERSION = 3
"""The version of the document's schema."""


def outputs_of(notebook: NotebookNode) -> Iterator[NotebookNode]:
    """Yield the outputs of all cells in order."""
    for cell in notebook.cells:
        yield from cell.get("outputs", [])


def build_document(notebook: NotebookNode, request: ReportRequest) -> dict[str, Any]:
    """Return a report's JSON document: the request, and the numbers and the provenance that its notebook shows."""
    numbers: dict[str, Any] = {}
    for output in outputs_of(notebook):
        numbers |= json.loads(output.get("data", {}).get(NUMBERS, "{}"))
    compared = request.compared_with
    return {
        "report": request.kind.stem,
        "version": VERSION,
        **_span(request.period),
        "timezone": request.period.timezone,
        "compared_with": _span(compared) if compared else None,
        "parameters": request.parameters.as_reported(),
        "provenance": provenance_of(notebook),
        "numbers": numbers,
    }


def provenance_of(notebook: NotebookNode) -> dict[str, Any]:
    """Return the provenance that a report's notebook shows; empty without one."""
    found: dict[str, Any] = {}
    for output in outputs_of(notebook):
        found |= output.get("data", {}).get("application/json", {}).get("provenance", {})
    return found


def as_text(document: Mapping[str, Any]) -> str:
    """Return a document as the text of its file."""
    return json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def breached_objectives(document: Mapping[str, Any]) -> list[str]:
    """Return the titles of the breached objectives of a document."""
    objectives = document["numbers"].get("objectives", [])
    return [objective["title"] for objective in objectives if objective["status"] == "breached"]


def _span(period: Period) -> dict[str, str]:
    return {
        "period": period.label,
        "since": f"{period.since.isoformat()}Z",
        "until": f"{period.until.isoformat()}Z",
    }
