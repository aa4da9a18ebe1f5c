"""A report of any week, however odd: each cell of its notebook runs, and shows nothing to stumble on."""

from __future__ import annotations

import ast
import json
import os
import random
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import jsonschema
import nbformat
import pytest
from IPython.core.formatters import DisplayFormatter

from bakame_duck.palette import NUMBERS
from bakame_duck.reports.runner import KINDS, ReportKind
from bakame_duck.resources import resource_folder
from tests.conftest import as_csv
from tests.odd_logs import UNTIL, Habits, records, write_odd_logs

SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "report.schema.json").read_text(encoding="utf-8"))
PART = {
    part: jsonschema.Draft202012Validator({"$defs": SCHEMA["$defs"], **SCHEMA["properties"][part]})
    for part in ("numbers", "receipt")
}
SEEDS = 300 if os.environ.get("BAKAME_DUCK_DEEP") else 12
ZONES = ["Africa/Kigali", "America/St_Johns", "Asia/Kathmandu"]
STUMBLED_ON = re.compile(
    r".{0,40}(?<![\w./-])(?:None(?! of)|nan|NaN|inf|Infinity|NaT|null|[-−]0(?:\.0)?)(?![\w./]).{0,20}"
)
each_kind = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)


def shown(kind: ReportKind, folder: Path, **parameters: str) -> str:
    """
    Return the text that the page of a report over *folder* would have.

    Its cells run here, as a kernel runs them, which saves the seconds that a kernel takes to start.
    """
    display, known, texts = DisplayFormatter(), {}, []
    for cell in nbformat.read(resource_folder("notebooks") / kind.notebook, as_version=4).cells:
        if cell.cell_type == "code":
            data = display.format(last_of(cell.source, known))[0]
            parts = {"numbers": json.loads(data[NUMBERS])} if NUMBERS in data else data.get("application/json", {})
            for part, content in parts.items():
                PART[part].validate(json.loads(json.dumps(content, allow_nan=False)))
            texts.append(re.sub(r"<[^>]*>", " ", data.get("text/html", "")))
            if "parameters" in cell.metadata.get("tags", []):
                known |= {"data": str(folder), **parameters}
    known["con"].close()
    return "\n".join(texts)


def last_of(source: str, known: dict[str, Any]) -> Any:
    """Run *source* among the names *known*; return what its last line gives, if that is an expression."""
    lines = ast.parse(source)
    last = lines.body.pop() if isinstance(lines.body[-1], ast.Expr) else None
    exec(compile(lines, "cell", "exec"), known)  # noqa: S102  # our own notebooks
    return eval(compile(ast.Expression(last.value), "cell", "eval"), known) if last else None  # noqa: S307


@each_kind
@pytest.mark.parametrize("seed", range(SEEDS))
def test_a_report_over_odd_logs_runs_and_shows_no_placeholder(kind, seed, tmp_path, capfd):
    write_odd_logs(tmp_path, seed)

    text = shown(kind, tmp_path, timezone=random.Random(seed).choice(ZONES))

    assert STUMBLED_ON.findall(text) == []
    assert len(text) > 500
    assert "".join(capfd.readouterr()) == ""


@pytest.mark.parametrize(
    "failing",
    [{"asr": 1}, {"llm": 1}, {"tts": 1}, {"asr": 0.4, "llm": 0.4, "tts": 1}],
    ids=["speech recognition", "language model", "speech synthesis", "all of it"],
)
@each_kind
def test_a_week_of_outage_after_good_weeks_has_its_report(kind, failing, tmp_path, capfd):
    rng = random.Random(1)
    good = Habits(["turn", "turn", "voice"], [f"+2507880000{place}" for place in range(10, 40)], ["math", "english"])
    for week, habits in enumerate([good, good, good, replace(good, failing=failing)], start=-4):
        since, until = (UNTIL + timedelta(weeks=place) for place in (week, week + 1))
        (tmp_path / f"user_sessions_{week + 5}.csv").write_bytes(as_csv(*records(rng, habits, since, until, 200)))

    text = shown(kind, tmp_path)

    assert STUMBLED_ON.findall(text) == []
    if kind is KINDS["weekly"]:
        assert "Breached" in text
    assert "".join(capfd.readouterr()) == ""
