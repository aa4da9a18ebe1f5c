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
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

from bakame_duck.errors import ReportError
from bakame_duck.formats import PageFormat
from bakame_duck.palette import NUMBERS
from bakame_duck.reports.kernel import Kernel
from bakame_duck.reports.pdf import find_chromium, print_page
from bakame_duck.reports.request import ReportParameters, TtsParameters, WeeklyParameters, parse_parameters
from bakame_duck.resources import quick_imports, resource_folder
from bakame_duck.sanitize import redact, redact_traceback
from bakame_duck.settings import load_settings
from bakame_duck.timespan import Period, period_between

with quick_imports():
    import nbformat
    import papermill
    from jupyter_core.utils import ensure_event_loop
    from nbclient.exceptions import DeadKernelError
    from papermill.clientwrap import PapermillNotebookClient
    from papermill.engines import Engine, NotebookExecutionManager, papermill_engines
    from papermill.exceptions import PapermillExecutionError
    from papermill.iorw import write_ipynb
    from papermill.log import logger as papermill_logger

VERSION = 2
"""Of what a report's JSON looks like; ``docs/report.schema.json`` states it."""


@dataclass(frozen=True)
class ReportKind:
    """
    A kind of report.

    Attributes:
        notebook: The file in ``notebooks/`` that makes it.

        stem: What its files are called, before the period.

        title: Its title, before the period.

        parameters: What its notebook takes.

        looks_back: How long before its period its notebook looks.
    """

    notebook: str
    stem: str
    title: str
    parameters: type[ReportParameters]
    looks_back: timedelta = timedelta()


KINDS = {
    "weekly": ReportKind(
        "weekly_performance.ipynb", "weekly-performance", "Weekly performance", WeeklyParameters, timedelta(weeks=7)
    ),
    "tts": ReportKind("tts_tuning.ipynb", "tts-tuning", "TTS tuning", TtsParameters),
}


@dataclass(frozen=True)
class ReportRequest:
    """
    A report to make.

    Attributes:
        kind: Which report.

        period: The days it covers.

        parameters: What its notebook is given, checked.
    """

    kind: ReportKind
    period: Period
    parameters: ReportParameters

    @property
    def stem(self) -> str:
        """What its files are called."""
        return f"{self.kind.stem}-{self.period.label}"

    @property
    def cells(self) -> int:
        """How many cells its notebook will run."""
        notebook = json.loads((resource_folder("notebooks") / self.kind.notebook).read_text(encoding="utf-8"))
        return 1 + sum(cell["cell_type"] == "code" for cell in notebook["cells"])  # papermill adds one

    @property
    def compared_with(self) -> Period | None:
        """The days that its period is compared with, if it is."""
        if not isinstance(self.parameters, WeeklyParameters):
            return None
        since, until = self.parameters.compare_since, self.parameters.compare_until
        return period_between(since, until, self.period.timezone) if since and until else self.period.before


CellDone = Callable[[], None]
"""Called after every cell, from the thread that runs the notebook."""


def build_request(
    kind: ReportKind, period: Period, *, compare_to: Period | None = None, **parameters: object
) -> ReportRequest:
    """
    Return the order of a report, its parameters checked.

    Args:
        kind: Which report.

        period: The days it covers.

        compare_to: What it is compared with; by default the days before, where it compares.

        parameters: What its notebook takes beside the period: ``data``, ``mirror``, ….

    Raises:
        ParameterError: A parameter is unknown, or does not fit.
    """
    values: dict[str, object] = {"since": period.since, "until": period.until, "timezone": period.timezone}
    if compare_to is not None:
        values |= {"compare_since": compare_to.since, "compare_until": compare_to.until}
    return ReportRequest(kind, period, parse_parameters(kind.parameters, values | parameters))


def make_report(
    order: ReportRequest,
    *,
    out: Path,
    formats: Sequence[PageFormat] = (PageFormat.HTML,),
    cell_done: CellDone | None = None,
    kernel: Kernel | None = None,
) -> list[Path]:
    """
    Write a report's page, executed notebook and JSON to the folder *out*; return their paths.

    Args:
        order: Which report, of when, with what.

        out: The folder to write to; it is made when it is missing.

        formats: What the page is written as.

        cell_done: Called after every cell.

        kernel: What runs the notebook, and ends then; by default one that is started now.

    Raises:
        BrowserError: A PDF is wanted, and there is no browser to print it.

        ReportError: A cell failed, or the files cannot be written. Nothing stands under their
            final names then; the executed notebook stays as ``….failed.ipynb``.
    """
    chromium = find_chromium(load_settings().chromium) if PageFormat.PDF in formats else None
    # nbconvert takes a third of a second to import, which the kernel works through meanwhile.
    threading.Thread(target=import_module, args=("bakame_duck.reports.page",), daemon=True).start()
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=out, prefix=".unfinished-") as folder, kernel or Kernel() as running:
            unfinished = Path(folder) / order.stem
            notebook = _execute(order, running, unfinished.with_name(f"{order.stem}.ipynb"), out, cell_done)
            from bakame_duck.reports.page import render

            page = unfinished.with_name(f"{order.stem}.html")
            page.write_text(render(notebook, order.kind.title, order.period), encoding="utf-8")
            page.with_suffix(".json").write_text(as_text(build_document(notebook, order)), encoding="utf-8")
            if chromium:
                print_page(page, page.with_suffix(".pdf"), chromium)
            suffixes = [f".{form}" for form in PageFormat if form in formats] + [".ipynb", ".json"]
            paths = [out / f"{order.stem}{suffix}" for suffix in suffixes]
            for path in reversed(paths):
                (Path(folder) / path.name).replace(path)
            for form in set(PageFormat) - set(formats):  # an earlier page would tell of other numbers
                (out / f"{order.stem}.{form}").unlink(missing_ok=True)
            _failed(order, out).unlink(missing_ok=True)
            return paths
    except OSError as error:
        raise ReportError(
            f"The report cannot be written to {out}: {error.strerror or error}",
            hint="Name a folder that you may write to with --out FOLDER.",
        ) from error


def make_reports(
    orders: Sequence[ReportRequest],
    *,
    out: Path,
    formats: Sequence[PageFormat] = (PageFormat.HTML,),
    cell_done: CellDone | None = None,
    kernel: Kernel | None = None,
) -> list[list[Path] | ReportError]:
    """
    Make several reports, as many at once as there are processors; return the paths of each, or why it failed.

    Arguments are those of :func:`make_report`; *kernel* runs the first. One that fails does not keep the others
    from being made.

    Raises:
        BrowserError: A PDF is wanted, and there is no browser to print it.
    """
    if PageFormat.PDF in formats:
        find_chromium(load_settings().chromium)
    stopped = threading.Event()

    def done() -> None:
        if stopped.is_set():
            raise _StoppedError
        if cell_done:
            cell_done()

    def make(order: ReportRequest, kernel: Kernel | None) -> list[Path] | ReportError:
        try:
            return make_report(order, out=out, formats=formats, cell_done=done, kernel=kernel)
        except ReportError as error:
            return error

    def make_in_thread(order: ReportRequest, kernel: Kernel | None) -> list[Path] | ReportError:
        try:
            return make(order, kernel)
        finally:  # Jupyter opens a loop for each thread, and closes none
            ensure_event_loop().close()

    if len(orders) == 1:  # in the main thread, where Ctrl-C reaches the kernel
        return [make(orders[0], kernel)]
    # Threads do: the work is done by the kernels, each a process of its own.
    with ThreadPoolExecutor(min(len(orders), _processors())) as pool:
        kernels = [kernel, *[None] * (len(orders) - 1)]
        futures = [pool.submit(make_in_thread, *each) for each in zip(orders, kernels, strict=True)]
        try:
            while wait(futures, timeout=0.2).not_done:  # and hear Ctrl-C meanwhile
                pass
            return [future.result() for future in futures]
        except BaseException:
            stopped.set()
            pool.shutdown(cancel_futures=True)
            raise


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class _StoppedError(Exception):
    """Somebody pressed Ctrl-C while this report was one of several."""


def recompute(order: ReportRequest) -> dict[str, Any]:
    """
    Return a report's JSON without writing anything.

    Raises:
        ReportError: A cell failed.
    """
    with tempfile.TemporaryDirectory(prefix="bakame-duck-") as folder, Kernel() as kernel:
        executed = Path(folder) / f"{order.stem}.ipynb"
        return build_document(_execute(order, kernel, executed, Path(tempfile.gettempdir()), None), order)


def _failed(order: ReportRequest, out: Path) -> Path:
    return out / f"{order.stem}.failed.ipynb"


class _Engine(Engine):  # type: ignore[misc]  # papermill is published without types
    """Runs a notebook as papermill does, with a kernel of ours, and keeps it when that dies."""

    @classmethod
    def execute_managed_notebook(
        cls,
        nb_man: NotebookExecutionManager,
        kernel_name: str,
        *,
        kernel: Kernel,
        kept: Path,
        on_cell_executed: Callable[..., None] | None,
        **_: object,
    ) -> None:
        client = PapermillNotebookClient(
            nb_man, km=kernel.manager, kernel_name=kernel_name, on_cell_executed=on_cell_executed, log=papermill_logger
        )
        try:
            client.kc = kernel.connect()
            client.execute()
        except RuntimeError:  # a kernel that died is one too
            write_ipynb(nb_man.nb, str(kept))
            raise
        finally:
            if client.kc:
                client.kc.stop_channels()
            kernel.shutdown()


papermill_engines.register("bakame-duck", _Engine)


def _execute(
    order: ReportRequest, kernel: Kernel, executed: Path, out: Path, cell_done: CellDone | None
) -> nbformat.NotebookNode:
    """Run the notebook; what fails is kept in the folder *out*."""
    papermill_logger.setLevel("CRITICAL")  # what fails is told once, by the error below
    logging.getLogger("asyncio").setLevel(
        "CRITICAL"
    )  # after Ctrl-C it would tell of the kernel's end, with a traceback
    name = order.kind.notebook
    try:
        return papermill.execute_notebook(
            resource_folder("notebooks") / name,
            executed,
            parameters=order.parameters.for_notebook(),
            kernel_name="python3",
            engine_name="bakame-duck",
            kernel=kernel,
            kept=executed,
            request_save_on_cell_execute=False,  # twice a cell it would be written, and validated
            progress_bar=False,
            on_cell_executed=(lambda **_: cell_done()) if cell_done else None,
        )
    except (PapermillExecutionError, RuntimeError) as error:
        kept = _failed(order, out)
        _keep_no_private_words(executed)
        executed.replace(kept)
        failure = f"The kernel for {name} could not be started: {' '.join(str(error).split())[:300]}"
        if isinstance(error, DeadKernelError):
            failure = f"The kernel that ran {name} died; perhaps memory ran out"
        if isinstance(error, PapermillExecutionError):
            failure = f"Cell {error.exec_count} of {name} failed: {error.ename}: {redact(error.evalue)}"
        raise ReportError(
            failure, hint=f"Open {kept} to see it; nothing was written under the report's own name."
        ) from error


def _keep_no_private_words(failed: Path) -> None:
    """Take from a notebook that failed what its exceptions and warnings quote: it can be a cell of the logs."""
    notebook = nbformat.read(failed, as_version=4)
    for output in _outputs(notebook):
        match output.output_type:
            case "error":
                output.update(evalue=redact(output.evalue), traceback=redact_traceback(output.traceback))
            case "stream":
                output.text = "".join(f"{redact(line)}\n" for line in output.text.splitlines())
    write_ipynb(notebook, str(failed))


def build_document(notebook: nbformat.NotebookNode, order: ReportRequest) -> dict[str, Any]:
    """Return a report's JSON: what it is, and the numbers and the receipt that the notebook's cells showed."""
    sanitize: dict[str, dict[str, Any]] = {"receipt": {}, "numbers": {}}
    for output in _outputs(notebook):
        data = output.get("data", {})
        sanitize["receipt"] |= data.get("application/json", {}).get("receipt", {})
        sanitize["numbers"] |= json.loads(data.get(NUMBERS, "{}"))
    compared = order.compared_with
    return {
        "report": order.kind.stem,
        "version": VERSION,
        **_span(order.period),
        "timezone": order.period.timezone,
        "compared_with": _span(compared) if compared else None,
        "parameters": order.parameters.as_reported(),
        **sanitize,
    }


def _span(period: Period) -> dict[str, str]:
    return {
        "period": period.label,
        "since": f"{period.since.isoformat()}Z",
        "until": f"{period.until.isoformat()}Z",
    }


def as_text(build_document: Mapping[str, Any]) -> str:
    """Return a report's JSON as its file has it."""
    return json.dumps(build_document, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def breached(build_document: Mapping[str, Any]) -> list[str]:
    """Return the titles of the objectives that a report's JSON says are breached."""
    objectives = build_document["numbers"].get("objectives", [])
    return [objective["title"] for objective in objectives if objective["status"] == "breached"]


def _outputs(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    return [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
