"""
Measure how long reports take, each against a peer in the same run.

See README.md beside this file for what is compared and how to read it.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from pathlib import Path

import nbformat
import numpy as np
import polars as pl
from statsmodels.regression.quantile_regression import QuantReg

from bakame_duck import connect
from bakame_duck.catalog.rollups import refresh
from bakame_duck.sample.logs import write_sample
from bakame_duck.stats.tts_comparison import compare_configurations

MEASURES = ("sample", "month", "year", "tts")
LAST_DAY = date(2026, 1, 19)  # a Monday: the week before is whole


@dataclass(frozen=True)
class Result:
    """What was measured, in seconds; ratio: of ours to the peer's; met: whether the target was, None without one."""

    measure: str
    ours: float
    peer: float
    ratio: float
    target: str
    met: bool


def median_in_turn(times: int, *runs: Callable[[], float]) -> list[float]:
    """Return the median of what each of *runs* gives, run in turn; the first turn is left out."""
    turns = [[run() for run in runs] for _ in range(times + 1)][1:]
    return [float(np.median(column)) for column in zip(*turns, strict=True)]


def seconds_of(code: str, *arguments: object) -> float:
    """Return the seconds that *code* took in a process of its own, as it prints them."""
    timed = f"import sys, time\nbegin = time.perf_counter()\n{code}\nprint(time.perf_counter() - begin)"
    command = [sys.executable, "-c", timed, *map(str, arguments)]
    told = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)  # noqa: S603  # our own code
    return float(told.stdout.split()[-1])


EMPTY = """
import nbformat, papermill
from nbconvert import HTMLExporter
import logging; logging.disable()
papermill.execute_notebook(sys.argv[1], sys.argv[2], kernel_name="python3", progress_bar=False)
HTMLExporter().from_notebook_node(nbformat.read(sys.argv[2], as_version=4))
"""
WEEKLY = """
from bakame_duck.cli.app import main
sys.argv[1:] = ["report", "weekly", "--data", sys.argv[1], "--out", sys.argv[2]]
try:
    main()
except SystemExit as left:
    assert not left.code
"""


def empty(work: Path) -> float:
    """Return the seconds of an empty notebook through papermill and nbconvert, in one process."""
    notebook = work / "empty.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("")]), notebook)
    return seconds_of(EMPTY, notebook, work / "executed.ipynb")


def weekly(folder: Path, work: Path) -> float:
    """Return the seconds of the command that makes the weekly report of the newest whole week."""
    return seconds_of(WEEKLY, folder, work / "reports")


def write_days(folder: Path, days: int, rows: int) -> Path:
    """Write a sample of so many days, its rotated logs mirrored."""
    if not folder.is_dir():
        write_sample(folder, days=days, rows_per_day=rows, last_day=LAST_DAY)
    refresh([folder])
    connect(folder).close()
    return folder


OF_ONE_DAY = """
    select file, cast(first_at as date)
    from ingest_files
    where state = 'sound' and not live and file like '%.csv' and cast(first_at as date) = cast(last_at as date)
    order by first_at
"""


def write_year(month: Path, folder: Path, days: int = 365) -> Path:
    """Write the days of *month* again and again, under earlier dates and with other calls; mirrored."""
    if not folder.is_dir():
        shutil.copytree(month, folder, ignore=shutil.ignore_patterns(".*"))
        with closing(connect(month)) as con:
            sources = con.execute(OF_ONE_DAY).fetchall()
            (first,) = con.execute("select cast(min(first_at) as date) from ingest_files").fetchall()[0]
        for number in range(days - 30):
            source, day = sources[number % len(sources)]
            now = first - timedelta(days=number + 1)
            content = _on_another_day(Path(source).read_bytes(), day, now)
            content = content.replace(b",CA", f",CA{number:03x}".encode())
            (folder / f"user_sessions_{now}.csv").write_bytes(content)
    refresh([folder])
    connect(folder).close()
    return folder


def _on_another_day(content: bytes, day: date, now: date) -> bytes:
    """Return a log of *day* under the date *now*; its last hours by Kigali's clock are of the day after."""
    old, new = ([one.isoformat().encode(), (one + timedelta(days=1)).isoformat().encode()] for one in (day, now))
    return content.replace(old[1], b"\0").replace(old[0], new[0]).replace(b"\0", new[1])


def spoken_turns(rows: int, arms: int) -> pl.DataFrame:
    """Return *rows* turns of a month, spoken in *arms* ways, as ``tts_turns`` gives them."""
    rng = np.random.default_rng(1)
    calls = rows // 7
    call = np.sort(rng.integers(calls, size=rows))
    arm, day, hour, module = (
        rng.integers(low, high, size=calls)[call] for low, high in ((1, arms + 1), (0, 30), (7, 21), (0, 5))
    )
    tokens = np.maximum(5, rng.normal(45, 20, size=rows)).round()
    return pl.DataFrame(
        {
            "configuration": arm,
            "call_id": call.astype(str),
            "day": np.datetime64("2026-01-01") + day,
            "hour": hour,
            "module_name": module.astype(str),
            "voice": arm.astype(str),
            "tts_ms": (216 + 4.4 * tokens) * np.exp(rng.normal(0, 0.2, size=rows)),
            "tokens_out": tokens,
            "sentence_chunks": np.maximum(1, (tokens / 14).round()),
            "barge_in_triggered": rng.random(rows) < 0.1,
            "tts_fallback_count": (rng.random(rows) < 0.03).astype(int),
        }
    ).with_columns(
        provider=pl.lit("p"), rate=1.0, pitch=pl.lit("0st"), style=pl.lit("s"), encoding=pl.lit("e"), pause=200.0
    )


def comparing(turns: pl.DataFrame) -> tuple[Callable[[], float], Callable[[], float]]:
    """Return what times the comparison of all arms, and what times a regression of each arm's two quantiles alone."""

    def ours() -> float:
        begin = time.perf_counter()
        compare_configurations(turns)
        return time.perf_counter() - begin

    def peer() -> float:
        begin = time.perf_counter()
        for arm in turns.partition_by("configuration"):
            design = np.column_stack([np.ones(arm.height), arm["tokens_out"], arm["sentence_chunks"]])
            for place in (0.5, 0.95):
                QuantReg(arm["tts_ms"].to_numpy(), design).fit(q=place)
        return time.perf_counter() - begin

    return ours, peer


def measure(names: tuple[str, ...], work: Path, options: argparse.Namespace) -> Iterator[Result]:
    """Yield the result of each measure in turn."""
    if "sample" in names:
        folder = write_days(work / "sample", 33, 300)
        ours, peer = median_in_turn(options.repeat, lambda: weekly(folder, work), lambda: empty(work))
        yield Result("sample", ours, peer, ours / peer, "≤ 2 × an empty notebook", ours <= 2 * peer)
    if "month" in names or "year" in names:
        month = write_days(work / "month", 30, options.rows_per_day)
    if "month" in names:
        ours, peer = median_in_turn(options.repeat, lambda: weekly(month, work), lambda: empty(work))
        yield Result("month", ours, peer, ours / peer, "≤ 4 × an empty notebook", ours <= 4 * peer)
    if "year" in names:
        year = write_year(month, work / "year")
        ours, peer = median_in_turn(options.repeat, lambda: weekly(year, work), lambda: weekly(month, work))
        yield Result("year", ours, peer, ours / peer, "≤ 1.5 × the month's", ours <= 1.5 * peer)
    if "tts" in names:
        ours, peer = median_in_turn(options.repeat, *comparing(spoken_turns(200_000, 8)))
        yield Result("tts", ours, peer, ours / peer, "≤ 20 s", ours <= 20)


def main() -> None:
    """Measure what was asked for, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=MEASURES, action="append", help="a measure; may be given more than once")
    parser.add_argument("--repeat", type=int, default=3, help="turns that count (3)")
    parser.add_argument("--rows-per-day", type=int, default=200_000, help="of the month and the year (200,000)")
    parser.add_argument("--folder", type=Path, help="where logs are kept for the next run; else a temporary folder")
    parser.add_argument("--json", type=Path, help="write the results there too")
    options = parser.parse_args()
    names = tuple(options.only or MEASURES)
    with tempfile.TemporaryDirectory(prefix="bakame-duck-bench-") as temporary:
        work = options.folder or Path(temporary)
        work.mkdir(parents=True, exist_ok=True)
        os.environ["XDG_DATA_HOME"] = str(work)  # where the key of the pseudonyms is made
        results = []
        print(f"{'measure':8} {'ours':>9} {'peer':>9} {'ratio':>6}  target")
        for result in measure(names, work, options):
            results.append(asdict(result))
            verdict = "ok" if result.met else "missed"
            times = f"{result.ours:7.2f} s {result.peer:7.2f} s {result.ratio:6.2f}"
            print(f"{result.measure:8} {times}  {result.target}: {verdict}")
    if options.json:
        options.json.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
