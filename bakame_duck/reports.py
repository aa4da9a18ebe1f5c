"""
Make a report: notebook in, three files out.

papermill executes the notebook, nbconvert renders it into one HTML file that needs no
network, and the numbers it showed become a JSON. The three appear under their final
names together and whole, or not at all.
"""

from __future__ import annotations

import json
import logging
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import nbformat
import papermill
import vl_convert
from nbclient.exceptions import DeadKernelError
from nbconvert import HTMLExporter
from papermill.exceptions import PapermillExecutionError
from papermill.log import logger as papermill_logger
from traitlets.config import Config

import bakame_duck
from bakame_duck.errors import ReportError
from bakame_duck.figures import MIMETYPE, PALETTE, Panels
from bakame_duck.periods import Period
from bakame_duck.resources import resource_folder

_TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True)
class Kind:
    """
    A kind of report.

    Attributes:
        notebook: The file in ``notebooks/`` that makes it.

        stem: What its files are called, before the period.

        title: Its title, before the period.
    """

    notebook: str
    stem: str
    title: str


KINDS = {
    "weekly": Kind("weekly_performance.ipynb", "weekly-performance", "Weekly performance"),
    "tts": Kind("tts_tuning.ipynb", "tts-tuning", "TTS tuning"),
}


def make_report(
    kind: Kind, period: Period, *, data: Sequence[Path], out: Path, mirror: bool = True, progress: bool = False
) -> list[Path]:
    """
    Write a report's HTML, executed notebook and JSON to the folder *out*; return their paths.

    Args:
        kind: Which report.

        period: The days it covers.

        data: The folders of the logs.

        out: The folder to write to; it is made when it is missing.

        mirror: Whether rotated logs are read from their mirror where there is one.

        progress: Whether to show a progress bar on stderr.

    Raises:
        ReportError: A cell failed, or the files cannot be written. Nothing stands under their
            final names then; the executed notebook stays as ``….failed.ipynb``.
    """
    stem = f"{kind.stem}-{period.label}"
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=out, prefix=".unfinished-") as folder:
            executed = Path(folder) / f"{stem}.ipynb"
            notebook = _execute(kind, period, executed, data, mirror, progress)
            numbers = _numbers(notebook, kind, period)
            (Path(folder) / f"{stem}.json").write_text(
                json.dumps(numbers, indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
            )
            (Path(folder) / f"{stem}.html").write_text(render(notebook, kind, period), encoding="utf-8")
            paths = [out / f"{stem}.{suffix}" for suffix in ("html", "ipynb", "json")]
            for path in reversed(paths):
                (Path(folder) / path.name).replace(path)
            (out / f"{stem}.failed.ipynb").unlink(missing_ok=True)
            return paths
    except OSError as error:
        raise ReportError(
            f"The report cannot be written to {out}: {error.strerror or error}",
            hint="Name a folder that you may write to with --out FOLDER.",
        ) from error


def _execute(
    kind: Kind, period: Period, executed: Path, data: Sequence[Path], mirror: bool, progress: bool
) -> nbformat.NotebookNode:
    os.environ.setdefault("PYDEVD_DISABLE_FILE_VALIDATION", "1")  # else the kernel warns on stderr
    papermill_logger.setLevel("CRITICAL")  # what fails is told once, by the error below
    logging.getLogger("asyncio").setLevel(
        "CRITICAL"
    )  # after Ctrl-C it would tell of the kernel's end, with a traceback
    try:
        with _kernel_settings() as config:
            return papermill.execute_notebook(
                resource_folder("notebooks") / kind.notebook,
                executed,
                parameters={
                    "data": [str(folder) for folder in data],
                    "since": period.since.isoformat(),
                    "until": period.until.isoformat(),
                    "timezone": period.timezone,
                    "mirror": mirror,
                },
                kernel_name="python3",
                config=config,
                progress_bar={"desc": f"{kind.title} {period.label}", "unit": "cell", "leave": False}
                if progress
                else False,
            )
    except (PapermillExecutionError, DeadKernelError) as error:
        kept = executed.parent.parent / f"{executed.stem}.failed.ipynb"
        executed.replace(kept)
        failure = f"The kernel that ran {kind.notebook} died; perhaps memory ran out"
        if isinstance(error, PapermillExecutionError):
            reason = " ".join(error.evalue.split())[:300]
            failure = f"Cell {error.exec_count} of {kind.notebook} failed: {error.ename}: {reason}"
        raise ReportError(
            failure, hint=f"Open {kept} to see it; nothing was written under the report's own name."
        ) from error


@contextmanager
def _kernel_settings() -> Iterator[Config]:
    """
    Give the settings of a kernel that listens at socket files, in a folder of its own.

    At a TCP port anybody on the machine could listen in. Jupyter would put the files into the
    working folder, where two reports at once take each other's.
    """
    settings: dict[str, dict[str, object]] = {
        "NotebookClient": {"extra_arguments": ["--log-level=CRITICAL"]}  # at its end it would log on our stderr
    }
    with tempfile.TemporaryDirectory(prefix="bakame-duck-", ignore_cleanup_errors=True) as folder:
        if os.name == "posix":
            settings["KernelManager"] = {"transport": "ipc", "ip": f"{folder}/kernel"}
        yield Config(settings)


def _numbers(notebook: nbformat.NotebookNode, kind: Kind, period: Period) -> dict[str, Any]:
    """Return what the notebook's cells showed as JSON, under a head that says what it is."""
    numbers: dict[str, Any] = {
        "report": kind.stem,
        "version": 1,
        "period": period.label,
        "since": period.since.isoformat() + "Z",
        "until": period.until.isoformat() + "Z",
        "timezone": period.timezone,
    }
    for output in _outputs(notebook):
        numbers |= output.get("data", {}).get("application/json", {})
    return numbers


def _outputs(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    return [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]


def render(notebook: nbformat.NotebookNode, kind: Kind, period: Period) -> str:
    """Return the executed *notebook* as one HTML page that needs no network."""
    exporter = HTMLExporter(template_name="report", extra_template_basedirs=[str(_TEMPLATES)])
    exporter.register_filter("as_script_json", _script_json)
    made = datetime.now(ZoneInfo(period.timezone))
    page, _ = exporter.from_notebook_node(
        notebook,
        resources={
            "report": {
                "title": kind.title,
                "label": period.label,
                "days": period.title,
                "timezone": period.timezone,
                "made": f"{made.day} {made:%B %Y, %H:%M}",
                "version": bakame_duck.__version__,
                "duckdb": duckdb.__version__,
                "palette": PALETTE,
                "chart": MIMETYPE,
                "panels": Panels.MIMETYPE,
                "style": (_TEMPLATES / "report" / "report.css").read_text(),
                "script": (_TEMPLATES / "report" / "report.js").read_text(),
                "vega": _vega(),
            }
        },
    )
    return str(page)


def _vega() -> str:
    """Return Vega, Vega-Lite and Vega-Embed as one script."""
    bundle: str = vl_convert.javascript_bundle()  # type: ignore[call-arg]  # its stub forgets the default
    return bundle.replace("</script", r"<\/script")


def _script_json(spec: dict[str, Any]) -> str:
    """Return a chart's specification for a script element: as wide as its place, in the page's own colours."""
    text = json.dumps({name: part for name, part in spec.items() if name != "$schema"} | {"width": "container"})
    for name, (light, _) in PALETTE.items():
        text = text.replace(f'"{light}"', f'"var(--{name})"')
    return text.replace("<", r"\u003c")
