"""
Make a report: run its notebook, and write the page, the notebook and the JSON document.

papermill executes the notebook, nbconvert renders it as one HTML file that needs no network.
The files appear under their final names together and complete, or not at all.
"""

from __future__ import annotations

import logging
import os
import tempfile
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from importlib import import_module
from pathlib import Path
from typing import Any

from bakame_duck.errors import ReportError
from bakame_duck.formats import PageFormat
from bakame_duck.reports.kernel import Kernel
from bakame_duck.reports.pdf import find_chromium, print_page
from bakame_duck.reports.request import ReportRequest
from bakame_duck.resources import quick_imports, resource_folder
from bakame_duck.sanitize import redact, redact_traceback
from bakame_duck.settings import load_settings

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

    from bakame_duck.reports.document import as_text, build_document, outputs_of

CellDone = Callable[[], None]
"""Called after every cell, from the thread that runs the notebook."""


def make_report(
    request: ReportRequest,
    *,
    out: Path,
    formats: Sequence[PageFormat] = (PageFormat.HTML,),
    cell_done: CellDone | None = None,
    kernel: Kernel | None = None,
) -> list[Path]:
    """
    Write a report's page, executed notebook and JSON to the folder *out*; return their paths.

    Args:
        request: The report.

        out: The folder to write to; it is created if it is missing.

        formats: The formats of the page.

        cell_done: Called after every cell.

        kernel: The kernel that runs the notebook, and is shut down afterwards; by default a new one.

    Raises:
        BrowserError: A PDF is wanted, and there is no browser to print it.

        ReportError: A cell failed, or the files cannot be written. No files are left under their
            final names; the executed notebook is kept as ``….failed.ipynb``.
    """
    chromium = find_chromium(load_settings().chromium) if PageFormat.PDF in formats else None
    # Importing nbconvert takes 0.3 s; the kernel works meanwhile.
    threading.Thread(target=import_module, args=("bakame_duck.reports.page",), daemon=True).start()
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=out, prefix=".unfinished-") as folder, kernel or Kernel() as running:
            unfinished = Path(folder) / request.stem
            notebook = _execute(request, running, unfinished.with_name(f"{request.stem}.ipynb"), out, cell_done)
            from bakame_duck.reports.page import render

            page = unfinished.with_name(f"{request.stem}.html")
            page.write_text(render(notebook, request.kind.title, request.period), encoding="utf-8")
            page.with_suffix(".json").write_text(as_text(build_document(notebook, request)), encoding="utf-8")
            if chromium:
                print_page(page, page.with_suffix(".pdf"), chromium)
            suffixes = [f".{form}" for form in PageFormat if form in formats] + [".ipynb", ".json"]
            paths = [out / f"{request.stem}{suffix}" for suffix in suffixes]
            for path in reversed(paths):
                (Path(folder) / path.name).replace(path)
            for form in set(PageFormat) - set(formats):  # an earlier page would show other numbers
                (out / f"{request.stem}.{form}").unlink(missing_ok=True)
            _failed(request, out).unlink(missing_ok=True)
            return paths
    except OSError as error:
        raise ReportError(
            f"The report cannot be written to {out}: {error.strerror or error}",
            hint="Name a folder that you may write to with --out FOLDER.",
        ) from error


def make_reports(
    requests: Sequence[ReportRequest],
    *,
    out: Path,
    formats: Sequence[PageFormat] = (PageFormat.HTML,),
    cell_done: CellDone | None = None,
    kernel: Kernel | None = None,
) -> list[list[Path] | ReportError]:
    """
    Make several reports, as many at a time as there are processors; return each one's paths, or why it failed.

    Arguments are those of :func:`make_report`; *kernel* runs the first. The others are made even if one fails.

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

    def make(request: ReportRequest, kernel: Kernel | None) -> list[Path] | ReportError:
        try:
            return make_report(request, out=out, formats=formats, cell_done=done, kernel=kernel)
        except ReportError as error:
            return error

    def make_in_thread(request: ReportRequest, kernel: Kernel | None) -> list[Path] | ReportError:
        try:
            return make(request, kernel)
        finally:  # Jupyter opens an event loop for each thread, and doesn't close it
            ensure_event_loop().close()

    if len(requests) == 1:  # in the main thread, where Ctrl-C reaches the kernel
        return [make(requests[0], kernel)]
    # Threads suffice: the kernels, each a process, do the work.
    with ThreadPoolExecutor(min(len(requests), _processors())) as pool:
        kernels = [kernel, *[None] * (len(requests) - 1)]
        futures = [pool.submit(make_in_thread, *each) for each in zip(requests, kernels, strict=True)]
        try:
            while wait(futures, timeout=0.2).not_done:  # the timeout lets Ctrl-C through
                pass
            return [future.result() for future in futures]
        except BaseException:
            stopped.set()
            pool.shutdown(cancel_futures=True)
            raise


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class _StoppedError(Exception):
    """Ctrl-C was pressed while this report was one of several."""


def recompute(request: ReportRequest) -> dict[str, Any]:
    """
    Return a report's JSON document without writing a file.

    Raises:
        ReportError: A cell failed.
    """
    with tempfile.TemporaryDirectory(prefix="bakame-duck-") as folder, Kernel() as kernel:
        executed = Path(folder) / f"{request.stem}.ipynb"
        return build_document(_execute(request, kernel, executed, Path(tempfile.gettempdir()), None), request)


def _failed(request: ReportRequest, out: Path) -> Path:
    return out / f"{request.stem}.failed.ipynb"


class _Engine(Engine):  # type: ignore[misc]  # papermill is published without types
    """Runs a notebook as papermill does, with a kernel of ours, and keeps the notebook when the kernel dies."""

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
        except RuntimeError:  # includes DeadKernelError
            write_ipynb(nb_man.nb, str(kept))
            raise
        finally:
            if client.kc:
                client.kc.stop_channels()
            kernel.shutdown()


papermill_engines.register("bakame-duck", _Engine)


def _execute(
    request: ReportRequest, kernel: Kernel, executed: Path, out: Path, cell_done: CellDone | None
) -> nbformat.NotebookNode:
    """Run the notebook; one that fails is kept in the folder *out*."""
    papermill_logger.setLevel("CRITICAL")  # the error below reports what failed
    logging.getLogger("asyncio").setLevel("CRITICAL")  # after Ctrl-C it logs the kernel's end, with a traceback
    name = request.kind.notebook
    try:
        return papermill.execute_notebook(
            resource_folder("notebooks") / name,
            executed,
            parameters=request.parameters.for_notebook(),
            kernel_name="python3",
            engine_name="bakame-duck",
            kernel=kernel,
            kept=executed,
            request_save_on_cell_execute=False,  # it would write and validate the notebook twice a cell
            progress_bar=False,
            on_cell_executed=(lambda **_: cell_done()) if cell_done else None,
        )
    except (PapermillExecutionError, RuntimeError) as error:
        kept = _failed(request, out)
        _redact_errors(executed)
        executed.replace(kept)
        failure = f"The kernel for {name} could not be started: {' '.join(str(error).split())[:300]}"
        if isinstance(error, DeadKernelError):
            failure = f"The kernel that ran {name} died; perhaps memory ran out"
        if isinstance(error, PapermillExecutionError):
            failure = f"Cell {error.exec_count} of {name} failed: {error.ename}: {redact(error.evalue)}"
        raise ReportError(
            failure, hint=f"Open {kept} to see it; nothing was written under the report's own name."
        ) from error


def _redact_errors(failed: Path) -> None:
    """Redact exceptions and warnings in a failed notebook: they can quote cells of the logs."""
    notebook = nbformat.read(failed, as_version=4)
    for output in outputs_of(notebook):
        match output.output_type:
            case "error":
                output.update(evalue=redact(output.evalue), traceback=redact_traceback(output.traceback))
            case "stream":
                output.text = "".join(f"{redact(line)}\n" for line in output.text.splitlines())
    write_ipynb(notebook, str(failed))
