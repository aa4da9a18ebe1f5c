"""Run the notebooks of reports in this process, which saves the seconds that a kernel takes to start."""

from __future__ import annotations

import ast
import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jsonschema
import nbformat
from IPython.core.formatters import DisplayFormatter

from bakame_duck.palette import NUMBERS
from bakame_duck.reports.request import ReportKind
from bakame_duck.resources import resource_folder

SCHEMA = json.loads((Path(__file__).parents[1] / "docs" / "report.schema.json").read_text(encoding="utf-8"))
PLACEHOLDER = re.compile(
    r".{0,40}(?<![\w./-])(?:None(?! of)|nan|NaN|inf|Infinity|NaT|null|[-−]0(?:\.0)?)(?![\w./]).{0,20}"
)
_PART = {
    part: jsonschema.Draft202012Validator({"$defs": SCHEMA["$defs"], **SCHEMA["properties"][part]})
    for part in ("numbers", "provenance")
}


@dataclass
class Executed:
    """
    What the cells of a notebook showed.

    Attributes:
        text: The text that a page would have.

        numbers: The numbers, by section.
    """

    text: str = ""
    numbers: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    @property
    def placeholders(self) -> list[str]:
        """The places in the text where a value is missing, and a reader would stumble."""
        return PLACEHOLDER.findall(self.text)


def execute(kind: ReportKind, folder: Path, **parameters: object) -> Executed:
    """Run the notebook of a report over the logs in *folder*; its numbers and provenance fit the schema."""
    display, names, executed = DisplayFormatter(), {}, Executed()
    for cell in nbformat.read(resource_folder("notebooks") / kind.notebook, as_version=4).cells:
        if cell.cell_type == "code":
            data = display.format(_run(cell.source, names))[0]
            parts = {"numbers": json.loads(data[NUMBERS])} if NUMBERS in data else data.get("application/json", {})
            for part, content in parts.items():
                _PART[part].validate(json.loads(json.dumps(content, allow_nan=False)))
            if NUMBERS in data:
                assert not executed.numbers.keys() & parts["numbers"].keys()
                executed.numbers |= parts["numbers"]
            executed.text += re.sub(r"<[^>]*>", " ", data.get("text/html", "")) + "\n"
            if "parameters" in cell.metadata.get("tags", []):
                assert parameters.keys() <= names.keys()
                names |= {"data": str(folder), **parameters}
    names["con"].close()
    return executed


def _run(source: str, names: dict[str, Any]) -> Any:
    """Run *source* with the variables *names*; return the value of its last line if that is an expression."""
    lines = ast.parse(source)
    last = lines.body.pop() if isinstance(lines.body[-1], ast.Expr) else None
    exec(compile(lines, "cell", "exec"), names)  # noqa: S102  # our own notebooks
    return eval(compile(ast.Expression(last.value), "cell", "eval"), names) if last else None  # noqa: S307
