"""
What the tests are given: logs as the real logger writes them, and a connection over them.
"""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
from collections.abc import Callable, Generator, Iterator, Mapping
from datetime import datetime
from pathlib import Path

import polars as pl
import pytest
from duckdb import DuckDBPyConnection

from bakame_duck import connect
from bakame_duck.catalog.template import connect_empty
from bakame_duck.schema import NAMES
from bakame_duck.settings import Settings

EMITTER = Path(__file__).parent / "data" / "emitter"

INTERACTION = {
    "phone_number": "+250788000001",
    "session_id": "CA0001",
    "module_name": "math",
    "interaction_type": "voice",
    "user_input": "Muraho",
    "ai_response": "Muraho neza",
}
TURN = {
    "phone_number": "+250788000001",
    "session_id": "CA0001",
    "module_name": "metrics",
    "interaction_type": "turn_metrics",
    "call_id": "CA0001",
    "turn": 1,
    "asr_ms": 300.0,
    "llm_ms": 1500.0,
    "tts_ms": 500.0,
    "total_ms": 2300.0,
    "tokens_in": 25,
    "tokens_out": 45,
    "asr_confidence": 0.95,
}


class Given:
    """A folder of logs, and the connection over it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def file(self, content: bytes, name: str = "user_sessions_2026-01-04.csv") -> Path:
        """Write *content* as the file *name*."""
        path = self.folder / name
        path.write_bytes(content)
        return path

    def connect(self, **settings: object) -> DuckDBPyConnection:
        """Connect to the folder, with the specification's objectives."""
        return connect(self.folder, settings=Settings.model_construct(**settings))

    def records(
        self,
        *records: Mapping[str, object],
        layout: int = 20,
        header: int | None = None,
        name: str = "user_sessions_2026-01-04.csv",
    ) -> DuckDBPyConnection:
        """Write interactions, each given by what it does not share with the others, and connect."""
        rows = [NAMES[:header]] if header else []
        self.file(as_csv(*rows, *(cells(record, layout) for record in records)), name)
        return self.connect()

    def turns(self, *turns: tuple[object, ...], layout: int = 31) -> DuckDBPyConnection:
        """
        Write turns given as (instant, learning module, other columns) and connect.

        Each is a call of its own unless its ``call_id`` says otherwise; a turn with a learning
        module has an interaction of the same call and instant.
        """
        records: list[Mapping[str, object]] = []
        for number, (at, module, *others) in enumerate(turns, start=1):
            columns = others[0] if others else {}
            call = columns.get("call_id", f"CA{number:04}")
            shared = {"timestamp": isoformat(at), "session_id": call}
            if "phone_number" in columns:
                shared["phone_number"] = columns["phone_number"]
            if module:
                records.append(INTERACTION | shared | {"module_name": module})
            records.append(TURN | {"call_id": call} | columns | shared)
        return self.records(*records, layout=layout)

    def health_checks(self, *checks: tuple[str, str] | str, name: str = "health_checks.jsonl") -> DuckDBPyConnection:
        """Write answers of /healthz, given as (instant, status) or as a raw line, beside a log without records."""
        lines = [check if isinstance(check, str) else json.dumps(answer(*check)) for check in checks]
        self.file("".join(f"{line}\n" for line in lines).encode(), name)
        if not any(self.folder.glob("user_sessions*")):
            self.file(as_csv(NAMES), "user_sessions.csv")
        return self.connect()


def as_csv(*rows: object, new_line: str = "\r\n", quoting: int = csv.QUOTE_MINIMAL) -> bytes:
    """Return *rows* as Python's csv.writer writes them; the logger uses its defaults."""
    content = io.StringIO()
    for row in rows:
        record = io.StringIO()
        csv.writer(record, quoting=quoting).writerow(row)
        content.write(record.getvalue().removesuffix("\r\n") + new_line)
    return content.getvalue().encode()


def cells(record: Mapping[str, object], layout: int = 20) -> list[object]:
    """Return the cells of an interaction; columns that *record* does not state are the usual ones."""
    stated = {"timestamp": "2026-01-04T10:00:00"} | INTERACTION | dict(record)
    return [stated.get(name, "") for name in NAMES[:layout]]


def isoformat(at: object) -> str:
    """Return an instant as the logger writes it."""
    return datetime.fromisoformat(str(at)).isoformat()


def answer(at: str, status: str) -> dict[str, object]:
    """Return an answer of /healthz."""
    parts = ("redis", "database", "llama_api", "openai_api", "deepgram_api")
    return {
        "status": status,
        "service": "bakame-ivr",
        "timestamp": isoformat(at),
        "checks": {part: {"status": status} for part in parts},
    }


@pytest.fixture(scope="session", autouse=True)
def cache_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A cache folder of this run, which all workers of pytest-xdist share; commands that tests start use it too."""
    folder = tmp_path_factory.getbasetemp()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(
            "XDG_CACHE_HOME", str((folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder) / "cache")
        )
        yield


@pytest.fixture
def given(tmp_path: Path) -> Given:
    """A folder without logs."""
    folder = tmp_path / "logs"
    folder.mkdir()
    return Given(folder)


@pytest.fixture(scope="session")
def given_anew(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Given]:
    """A new folder at every call, for tests with many examples."""
    return lambda: Given(tmp_path_factory.mktemp("logs"))


@pytest.fixture(scope="module")
def given_turns() -> Callable[..., DuckDBPyConnection]:
    """
    A connection over turns alone, given as (instant, other columns), for tests with hundreds of them.

    No log is read: the view that metrics read turns from is replaced. Only these columns are there.
    """
    con = connect_empty()
    timings = [name for name in TURN if name.endswith("_ms")]
    measured = [f"positive_or_null({name})" for name in timings]

    def connect_to(*turns: tuple[object, dict[str, object]]) -> DuckDBPyConnection:
        frame = pl.DataFrame(
            [
                {name: TURN[name] for name in timings} | {"turn_at": str(at), "error": None} | columns
                for at, columns in turns
            ],
            schema_overrides={"error": pl.String},
            infer_schema_length=None,
        )
        con.register("given", frame)
        con.execute(
            f"""
            create or replace table given_turns as
            select
                cast(turn_at as timestamp) as turn_at,
                {", ".join(f"{value} as {name}" for value, name in zip(measured, timings, strict=True))},
                error_stage_of(error, {", ".join(measured[:3])}) as error_stage
            from given
            """
        )
        con.unregister("given")
        con.execute("create or replace view internal.turn_timings as from given_turns")
        return con

    return connect_to


@pytest.fixture(scope="session")
def emitter_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what the real logger wrote."""
    folder = tmp_path_factory.mktemp("emitter")
    for path in EMITTER.glob("*.*"):
        if path.is_file():
            shutil.copy2(path, folder)
    return folder


@pytest.fixture(scope="session")
def emitter(emitter_folder: Path) -> DuckDBPyConnection:
    """A connection over what the real logger wrote; read it, change nothing."""
    return connect(emitter_folder, settings=Settings.model_construct())


@pytest.fixture(scope="session")
def connection_without_logs() -> DuckDBPyConnection:
    return connect_empty()


@pytest.fixture
def empty(connection_without_logs: DuckDBPyConnection) -> Iterator[DuckDBPyConnection]:
    """A connection without logs; read it, change nothing."""
    with connection_without_logs.cursor() as con:  # an unfinished result of one test would block the next
        yield con


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """On CI everything is there: a test that would be skipped fails, with the reason it gave."""
    report = yield
    if os.environ.get("CI") and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped on CI: {report.longrepr}"
    return report
