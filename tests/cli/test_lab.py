"""``lab``."""

from __future__ import annotations

import json
import os
import signal
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bakame_duck.resources import resource_folder

if TYPE_CHECKING:
    from tests.report_fixtures import Start

pytest_plugins = ["tests.report_fixtures"]


@pytest.fixture
def lab(start: Start, sample_folder: Path, tmp_path: Path) -> Iterator[str]:
    """The address of a JupyterLab that the command has opened."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = ["--no-browser", "--allow-root", f"--port={port}", "--ServerApp.port_retries=0"]
    words = ["lab", "--data", sample_folder, "--", *server, "--IdentityProvider.token="]
    process = start(*words, cwd=tmp_path, HOME=str(tmp_path), JUPYTER_NO_CONFIG="1")
    yield f"http://127.0.0.1:{port}"
    os.killpg(process.pid, signal.SIGTERM)  # as when its terminal is closed
    process.communicate(timeout=60)


def answer(url: str, within: float = 60) -> dict[str, object]:
    deadline = time.monotonic() + within
    while True:
        try:
            with urllib.request.urlopen(url, timeout=5) as response:  # noqa: S310  # our own, on this machine
                return dict(json.load(response))
        except (urllib.error.URLError, ConnectionError):
            assert time.monotonic() < deadline, "JupyterLab does not answer"
            time.sleep(0.1)


def test_lab_opens_jupyterlab_on_the_notebooks(lab: str) -> None:
    listed = answer(f"{lab}/api/contents")

    assert {path.name for path in resource_folder("notebooks").glob("*.ipynb")} <= {
        item["name"] for item in listed["content"]
    }
