"""Print a report's page as PDF with an installed Chromium."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path

from bakame_duck.errors import BrowserError, ReportError

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_TIMEOUT_S = 120  # seconds for a page
_DRAWING_MS = 60_000  # of the page's virtual time, which passes as fast as it draws


def find_chromium(named: Path | None = None) -> Path:
    """
    Return the browser that prints.

    Args:
        named: The browser of the settings; by default the first of the usual names on the path.

    Raises:
        BrowserError: There is none.
    """
    hint = "Install chromium, or name it with BAKAME_DUCK_CHROMIUM; --format html needs none."
    if named is not None:
        found = shutil.which(named.expanduser())
        if found is None:
            raise BrowserError(f"The setting chromium names {named}, which is no program", hint=hint)
        return Path(found)
    for name in NAMES:
        if found := shutil.which(name):
            return Path(found)
    raise BrowserError("No Chromium is present to print a PDF", hint=hint)


def print_page(page: Path, pdf: Path, chromium: Path) -> None:
    """
    Print the HTML file *page* to *pdf*, once its charts are drawn.

    Raises:
        ReportError: The browser failed, or did not end in time.
    """
    # As root it refuses to start with its sandbox; the page is our own and its policy lets it load nothing.
    as_root = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    with tempfile.TemporaryDirectory(prefix="bakame-duck-", ignore_cleanup_errors=True) as profile:
        command = [
            str(chromium),
            "--headless=new",
            *as_root,
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--disable-extensions",
            "--disable-background-networking",
            "--no-first-run",
            "--no-default-browser-check",
            f"--user-data-dir={profile}",
            f"--virtual-time-budget={_DRAWING_MS}",
            "--no-pdf-header-footer",
            f"--print-to-pdf={pdf.resolve()}",
            page.resolve().as_uri(),
        ]
        with subprocess.Popen(  # noqa: S603 - the browser that the user has
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
        ) as process:
            try:
                _, errors = process.communicate(timeout=_TIMEOUT_S)
            except subprocess.TimeoutExpired as error:
                raise ReportError(
                    f"{chromium.name} did not print the page in {_TIMEOUT_S} seconds",
                    hint="Print the page by hand, or make it with --format html.",
                ) from error
            finally:
                with suppress(ProcessLookupError, PermissionError):
                    os.killpg(process.pid, signal.SIGKILL)  # it has children, which outlive it when it is killed
    if process.returncode or not pdf.is_file() or not pdf.read_bytes().startswith(b"%PDF"):
        lines = [line for line in errors.decode(errors="replace").splitlines() if line.strip()]
        reason = lines[-1][:300] if lines else f"exit code {process.returncode}"
        raise ReportError(
            f"{chromium.name} could not print the page: {reason}",
            hint="Name another browser with BAKAME_DUCK_CHROMIUM, or make the report with --format html.",
        )
