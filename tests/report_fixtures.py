"""
What the tests of the command line and of the reports are given.

A test module asks for these with ``pytest_plugins = ["tests.report_fixtures"]``.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest

from bakame_duck.cli import app
from bakame_duck.reports import runner
from bakame_duck.resources import resource_folder
from tests.conftest import as_csv, cells
from tests.hostile import write_hostile_logs

ROOT = Path(__file__).parents[1]
SCRIPT = Path(sys.executable).with_name("bakame-duck")


@dataclass(frozen=True)
class Outcome:
    """What a command left: its exit code, and what it wrote to stdout and stderr."""

    code: int
    out: bytes
    err: str

    @property
    def text(self) -> str:
        """What it wrote to stdout, as text."""
        return self.out.decode()


Run = Callable[..., Outcome]
Start = Callable[..., subprocess.Popen[str]]
Break = Callable[[str], None]


def environment(**variables: str) -> dict[str, str]:
    """Return the environment without settings of ours, and with *variables*."""
    return {name: value for name, value in os.environ.items() if not name.startswith("BAKAME_DUCK_")} | variables


def begin(
    *arguments: object, cwd: Path | None = None, one_processor: bool = False, **variables: str
) -> subprocess.Popen[str]:
    bound = ["taskset", "--cpu-list", str(min(os.sched_getaffinity(0)))] if one_processor else []
    return subprocess.Popen(
        [*bound, str(SCRIPT), *map(str, arguments)],
        cwd=cwd,
        env=environment(**variables),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


@pytest.fixture(scope="session")
def start() -> Start:
    """Start the real command, as a user has it: ``start("sql", "select 1", cwd=…, SETTING="…")``."""
    return begin


@pytest.fixture
def run(
    monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes], tmp_path_factory: pytest.TempPathFactory
) -> Run:
    """Run a command line in this process, which saves the import, in an empty working folder."""
    for name in list(os.environ):
        if name.startswith("BAKAME_DUCK_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path_factory.mktemp("work"))

    def run(*arguments: object) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["bakame-duck", *map(str, arguments)])
        capfdbinary.readouterr()
        with pytest.raises(SystemExit) as left:
            app.main()
        out, err = capfdbinary.readouterr()
        return Outcome(int(left.value.code or 0), out, err.decode())

    return run


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Break:
    """Give the weekly report a cell that runs *code* once it has read the logs."""

    def broken(code: str) -> None:
        folder = shutil.copytree(resource_folder("notebooks"), tmp_path / "notebooks")
        path = folder / "weekly_performance.ipynb"
        notebook = nbformat.read(path, as_version=4)
        place = next(place for place, cell in enumerate(notebook.cells) if "objectives_report" in cell.source)
        notebook.cells.insert(place + 1, nbformat.v4.new_code_cell(code))
        nbformat.write(notebook, path)
        monkeypatch.setattr(runner, "resource_folder", {"notebooks": folder}.__getitem__)

    return broken


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of this run that all workers of pytest-xdist share."""
    folder = tmp_path_factory.getbasetemp()
    return folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder


@contextmanager
def alone(folder: Path) -> Iterator[bool]:
    """Let one worker after the other in, telling whether the *folder* is still to be made."""
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield not folder.exists()


@pytest.fixture(scope="session")
def sample_folder(shared_folder: Path) -> Path:
    """A copy of the sample: reading logs leaves a cache beside them."""
    folder = shared_folder / "sample"
    with alone(folder) as first:
        if first:
            shutil.copytree(ROOT / "data" / "sample", folder, ignore=shutil.ignore_patterns(".*"))
    return folder


@pytest.fixture(scope="session")
def hostile_folder(shared_folder: Path) -> Path:
    """Logs that want to do harm."""
    folder = shared_folder / "hostile logs"
    with alone(folder) as first:
        if first:
            write_hostile_logs(folder)
    return folder


@pytest.fixture(scope="session")
def reports(shared_folder: Path, sample_folder: Path, emitter_folder: Path, hostile_folder: Path) -> Mapping[str, Path]:
    """
    The pages of nine reports, made at once by as many processes, and once for all workers.

    ``weekly`` and ``tts`` are those of the sample, the latter as PDF too; ``weekly again`` and ``tts
    again`` are made anew, elsewhere, on one processor and without a mirror. ``tts partly`` is over days
    of which the first have 20 columns, by voice and rate and against another baseline; ``tts without
    columns`` has logs of 20 columns, and ``weekly without turns`` of 8, from which only the calls can be drawn.
    ``hostile weekly`` and ``hostile tts`` are over logs that want to do harm.
    """
    work = shared_folder / "reports"
    with alone(work) as first:
        if first:
            work.mkdir()
            (work / "told.json").write_text(
                json.dumps(make_reports(work, sample_folder, emitter_folder, hostile_folder))
            )
    told = json.loads((work / "told.json").read_text())
    assert {name: ["", 0] for name in told} == {name: [err, code] for name, (_, _, err, code) in told.items()}
    return {name: Path(folder, out.splitlines()[0]) for name, (folder, out, _, _) in told.items()}


def make_reports(
    work: Path, sample_folder: Path, emitter_folder: Path, hostile_folder: Path
) -> dict[str, tuple[str, str, str, int]]:
    """Make the reports; return where each ran, and what it wrote and left."""
    settled = work / "settled"
    settled.mkdir()
    (settled / "bakame-duck.toml").write_text('reports = "elsewhere"\n')
    utc = work / "utc"
    utc.mkdir()
    (utc / "bakame-duck.toml").write_text('timezone = "UTC"\n')
    bare = work / "bare"
    bare.mkdir()
    days = ("2026-01-05", "2026-01-06", "2026-01-08")
    records = ({"timestamp": f"{day}T10:00:00", "session_id": f"CA{day}"} for day in days)
    (bare / "user_sessions.csv").write_bytes(as_csv(*(cells(record, 8) for record in records)))
    out = work / "out"
    week = ("--week", "2026-W03")
    made = {
        "weekly": begin("report", "weekly", "--data", sample_folder, "--out", out),
        "weekly again": begin(
            *("report", "weekly", *week, "--no-mirror"),
            cwd=settled,
            one_processor=True,
            BAKAME_DUCK_DATA=str(sample_folder),
        ),
        "tts": begin("report", "tts", "--data", sample_folder, "--out", out, "--format", "html,pdf"),
        "tts again": begin(
            *("report", "tts", *week, "--no-mirror"),
            cwd=settled,
            one_processor=True,
            BAKAME_DUCK_DATA=str(sample_folder),
        ),
        "tts partly": begin(
            *("report", "tts", "--since", "2025-12-24", "--until", "2026-01-05", "--by", "voice,rate"),
            *("--baseline", "luna", "--data", sample_folder, "--out", work / "partly"),
        ),
        "tts without columns": begin("report", "tts", "--data", emitter_folder, cwd=utc),
        "weekly without turns": begin("report", "weekly", "--data", bare, "--out", out / "bare"),
        "hostile weekly": begin("report", "weekly", *week, "--data", hostile_folder, "--out", work / "hostile"),
        "hostile tts": begin("report", "tts", *week, "--data", hostile_folder, "--out", work / "hostile tts"),
    }
    ran_in = {"weekly again": str(settled), "tts again": str(settled), "tts without columns": str(utc)}
    return {
        name: (ran_in.get(name, ""), *process.communicate(timeout=300), process.returncode)
        for name, process in made.items()
    }
