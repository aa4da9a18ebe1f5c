"""
Measure how fast logs are read, each time against a peer that runs in turn with it on the same files.

See README.md beside this file for what is compared and how to read it.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb
import numpy as np

import bakame_duck
from bakame_duck.cache import Cache
from bakame_duck.ingest import csv_reader, mirror
from bakame_duck.ingest.files import LogFile, find_logs
from bakame_duck.ingest.inspection import inspect, load_cached
from bakame_duck.ingest.record_format import detect_format
from bakame_duck.ingest.scanner import ScanState, open_log, scan
from bakame_duck.sample.logs import write_sample
from bakame_duck.schema import COLUMNS, NAMES

BYTES_PER_ROW = 293  # of those asked for; the days that are taken have more than the mean
FIRST_DAY, YEAR = date(2025, 1, 1), 365
HEADER = ",".join(NAMES).encode() + b"\r\n"

QUERY = """
    select
        count(*),
        min("timestamp"),
        max("timestamp"),
        count(error),
        count(distinct module_name),
        sum(length(user_input)),
        sum(length(ai_response)),
        round(avg(llm_ms), 6),
        round(avg(session_duration), 6),
        sum(tokens_out),
        count(*) filter (where barge_in_triggered)
    from {source}
"""
SINCE, UNTIL = datetime(2025, 7, 7), datetime(2025, 7, 14)
IN_THE_WEEK = f" where \"timestamp\" >= timestamp '{SINCE}' and \"timestamp\" < timestamp '{UNTIL}'"


@dataclass(frozen=True)
class Result:
    """
    One line of the table.

    Attributes:
        measure: What was measured.

        ours: The median of this package.

        peer: The median of what it is compared with.

        unit: Of both.

        ratio: What the target is about, mostly ours to the peer's; see ``target``.

        target: In words; empty where there is none.

        met: Whether it was met; None without a target.
    """

    measure: str
    ours: float
    peer: float
    unit: str
    ratio: float
    target: str = ""
    met: bool | None = None


# The logs


def base_days(rows_per_day: int) -> list[tuple[date, bytes]]:
    """Return the records of eight days of the sample, sound and with all 31 columns, as text without a header."""
    with tempfile.TemporaryDirectory() as folder:
        write_sample(Path(folder), days=12, rows_per_day=rows_per_day)
        # The sample packs, cuts or renames the other four.
        paths = sorted(Path(folder).glob("user_sessions_*.csv"))
        return [(date_of(path), in_utc(path.read_bytes().removeprefix(HEADER))) for path in paths]


def in_utc(content: bytes) -> bytes:
    """Return records with every instant in naive UTC, as the logger writes them; a read by hand drops an offset."""
    return re.sub(
        rb"^(\d{4}-\d\d-\d\dT[\d:.]+\+\d\d:\d\d),",
        lambda stamp: (
            datetime.fromisoformat(stamp[1].decode()).astimezone(UTC).replace(tzinfo=None).isoformat().encode() + b","
        ),
        content,
        flags=re.MULTILINE,
    )


def date_of(path: Path) -> date:
    """Return the day in the name of a rotated file, as 2026-01-09 or 20260109."""
    return date.fromisoformat("".join(filter(str.isdigit, path.name)))


def redated(content: bytes, old: date, new: date) -> bytes:
    """Return the records of the day *old* as those of the day *new*."""
    return content.replace(f"{old}T".encode(), f"{new}T".encode())


def write_logs(folder: Path, *, files: int, megabytes: float) -> list[Path]:
    """Write *files* rotated logs of about *megabytes* each, which follow each other in time and fill years."""
    days = max(1, YEAR // files)
    base = base_days(max(20, int(megabytes * 1e6 / days / BYTES_PER_ROW)))
    folder.mkdir(parents=True)
    paths = []
    for number in range(files):
        first = FIRST_DAY + timedelta(days=number * days)
        path = folder / f"user_sessions_{first + timedelta(days=days - 1)}.csv"
        with path.open("wb") as stream:
            stream.write(HEADER)
            for day in range(days):
                old, content = base[day % len(base)]
                stream.write(redated(content, old, first + timedelta(days=day)))
        paths.append(path)
    return paths


def write_joined(path: Path, files: list[Path]) -> None:
    """Write all records of *files* into the one file *path*, under one header."""
    path.parent.mkdir(exist_ok=True)
    with path.open("wb") as stream:
        stream.write(HEADER)
        for file in files:
            stream.write(file.read_bytes().removeprefix(HEADER))


def warm(files: list[Path]) -> None:
    """Read all files once, so that every measure finds them in memory."""
    for file in files:
        with file.open("rb") as stream:
            while stream.read(1 << 24):
                pass


def clear_cache(folder: Path) -> None:
    """Remove the cache of the logs in *folder*."""
    Cache(folder).clear_all()


def build_mirrors(folder: Path) -> None:
    """Write the missing mirrors of the logs in *folder*, without rollups."""
    with csv_reader.open_connection() as con:
        inspections = inspect(con, load_cached(find_logs(folder)))
        mirror.build(con, mirror.rotated_logs(inspections), lambda *_: None)


# The peers


def by_hand(files: list[Path]) -> str:
    """Return DuckDB's own reader with every type given, as somebody would write it who knows the files are sound."""
    columns = ", ".join(f"{column.name}: '{column.type}'" for column in COLUMNS)
    paths = ", ".join(f"'{file}'" for file in files)
    return f"""
        read_csv(
            [{paths}],
            auto_detect = false, header = true, delim = ',', quote = '"', escape = '"', new_line = '\\r\\n',
            columns = {{{columns}}}
        )
    """


def scan_of_a_dozen_lines(path: Path) -> int:
    """Count the records of a sound file with numpy: newlines before which the number of quotes is even."""
    content = np.frombuffer(path.read_bytes(), np.uint8)
    quotes = np.flatnonzero(content == ord('"'))
    newlines = np.flatnonzero(content == ord("\n"))
    return int((np.searchsorted(quotes, newlines) % 2 == 0).sum()) - 1


def look_at_the_ends(files: list[Path]) -> int:
    """Do the least that can tell an unchanged file: its status, its first and its last 4 KB."""
    size = 0
    for file in files:
        status = file.stat()
        with file.open("rb") as stream:
            size += len(stream.read(4096))
            stream.seek(max(status.st_size - 4096, 0))
            size += len(stream.read())
    return size


def scan_one(path: Path) -> int:
    """Return the rows that inspection proves in a plain, rotated file: reading it included, in one thread."""
    file, tally = LogFile(path, "none", live=False), ScanState()
    with open_log(file) as stream:
        form = detect_format(stream.read(65_536))
    with open_log(file) as stream:
        scan(stream, form, tally, live=False)
    return tally.rows


# Measuring


def seconds(work: Callable[[], object]) -> tuple[float, object]:
    """Return how long *work* takes, and its answer."""
    begin = time.perf_counter()
    answer = work()
    return time.perf_counter() - begin, answer


def in_turn(
    repeat: int,
    ours: Callable[[], object],
    peer: Callable[[], object],
    *,
    before: Callable[[], object] = lambda: None,
    same: bool = True,
) -> tuple[float, float]:
    """
    Return the median seconds of *ours* and of *peer*, which take turns; the first turn of each does not count.

    Args:
        repeat: How many turns count.

        ours: What is measured.

        peer: What it is compared with.

        before: What happens before each turn of *ours*, outside the clock.

        same: Whether both must give the same answer.
    """
    times: tuple[list[float], list[float]] = ([], [])
    for turn in range(repeat + 1):
        before()
        measured = seconds(ours), seconds(peer)
        if same and measured[0][1] != measured[1][1]:
            raise ValueError(f"different answers: {measured[0][1]} and {measured[1][1]}")
        if turn:
            for kept, (taken, _) in zip(times, measured, strict=True):
                kept.append(taken)
    return statistics.median(times[0]), statistics.median(times[1])


def at_most(measure: str, ours: float, peer: float, limit: float) -> Result:
    """Return the line of a measure that may take at most *limit* times its peer's seconds."""
    return Result(measure, ours, peer, "s", ours / peer, f"ours ≤ {limit:g} × peer", ours / peer <= limit)


def faster(measure: str, ours: float, peer: float, limit: float) -> Result:
    """Return the line of a measure that must be at least *limit* times as fast as its peer."""
    return Result(measure, ours, peer, "s", peer / ours, f"≥ {limit:g} × the peer's speed", peer / ours >= limit)


def ask(con: duckdb.DuckDBPyConnection, source: str = "user_sessions", where: str = "") -> Callable[[], object]:
    """Return the query over *source*, to be run later."""
    return lambda: con.execute(QUERY.format(source=source) + where).fetchall()


def peak_memory(work: str, folder: Path) -> int:
    """
    Return the largest resident size of a process that does *work* on *folder*, in bytes.

    It is that of ``getrusage``, which, though, starts from the size of the process that started this one.
    """
    source = f"""
import re, sys, bakame_duck
from bakame_duck.catalog import rollups
{work}
print(re.search(r"VmHWM:\\s*(\\d+) kB", open("/proc/self/status").read())[1])
"""
    done = subprocess.run([sys.executable, "-c", source, folder], stdout=subprocess.PIPE, check=True)  # noqa: S603
    return int(done.stdout) * 1024


class Benchmark:
    """
    The measures, over logs that are written once.

    Args:
        options: The command line.

        folder: Where everything is written to.
    """

    def __init__(self, options: argparse.Namespace, folder: Path) -> None:
        self.repeat: int = options.repeat
        self.memory_gigabytes: float | None = options.memory_gigabytes
        self.megabytes: float = options.megabytes
        self.work = folder
        self.logs = folder / f"logs-{options.files}x{options.megabytes:g}"
        if not (self.logs / "complete").exists():
            shutil.rmtree(self.logs, ignore_errors=True)
            write_logs(self.logs, files=options.files, megabytes=options.megabytes)
            (self.logs / "complete").touch()
        self.files = sorted(self.logs.glob("user_sessions*.csv"))
        self.size = sum(file.stat().st_size for file in self.files)
        self.duckdb = duckdb.connect()
        self.duckdb.execute("set TimeZone = 'UTC'")
        warm(self.files)

    def scan(self) -> Iterator[Result]:
        """Compare the inspection of one file, one thread, with the least that numpy could do."""
        path = self._aside("scan") / self.files[0].name
        shutil.copy(self.files[0], path)
        ours, peer = in_turn(self.repeat, lambda: scan_one(path), lambda: scan_of_a_dozen_lines(path))
        speed, speed_of_peer = (path.stat().st_size / 1e6 / taken for taken in (ours, peer))
        name = "scan of a plain file, against a dozen lines of numpy"
        yield Result(name, speed, speed_of_peer, "MB/s", speed / speed_of_peer, "≥ 350 MB/s", speed >= 350)

    def view(self) -> Iterator[Result]:
        """Compare the view over inspected CSV files with DuckDB's own reader."""
        with closing(bakame_duck.connect(self.logs, mirror=False)) as con:
            ours, peer = in_turn(self.repeat, ask(con), ask(self.duckdb, by_hand(self.files)))
        yield at_most("CSV view, against read_csv typed by hand", ours, peer, 1.15)

    def first_contact(self) -> Iterator[Result]:
        """Compare inspecting everything and asking with only asking."""

        def contact() -> object:
            with closing(bakame_duck.connect(self.logs, mirror=False)) as con:
                return ask(con)()

        peer_query = ask(self.duckdb, by_hand(self.files))
        ours, peer = in_turn(self.repeat, contact, peer_query, before=lambda: clear_cache(self.logs))
        yield at_most("first contact, against read_csv typed by hand", ours, peer, 4)

    def mirror_build(self) -> Iterator[Result]:
        """Compare the mirror of inspected files with a plain COPY."""

        def inspect_anew() -> None:
            clear_cache(self.logs)
            bakame_duck.connect(self.logs, mirror=False).close()

        parquet = self.work / "plain.parquet"
        copy = f"copy (select * from {by_hand(self.files)}) to '{parquet}' (format parquet, compression zstd)"
        ours, peer = in_turn(
            self.repeat,
            lambda: build_mirrors(self.logs),
            lambda: self.duckdb.execute(copy).fetchall(),
            before=inspect_anew,
            same=False,
        )
        yield faster("mirror built, against COPY … TO parquet", ours, peer, 0.8)
        size = Cache(self.logs).usage()["mirrors"].size / 1e6
        size_of_peer = parquet.stat().st_size / 1e6
        yield Result("size of the mirror, against COPY … TO parquet", size, size_of_peer, "MB", size / size_of_peer)
        parquet.unlink()

    def mirror_query(self) -> Iterator[Result]:
        """Compare the mirror with the CSV view."""
        build_mirrors(self.logs)
        with (
            closing(bakame_duck.connect(self.logs, mirror=True)) as mirrored,
            closing(bakame_duck.connect(self.logs, mirror=False)) as plain,
        ):
            ours, peer = in_turn(self.repeat, ask(mirrored), ask(plain))
        yield faster("query over the mirror, against the CSV view", ours, peer, 5)

    def week(self) -> Iterator[Result]:
        """Compare a week of a year from the mirror with the same week from all CSV files."""
        build_mirrors(self.logs)
        with (
            closing(bakame_duck.connect(self.logs, mirror=True, since=SINCE, until=UNTIL)) as mirrored,
            closing(bakame_duck.connect(self.logs, mirror=False)) as plain,
        ):
            ours, peer = in_turn(
                self.repeat, ask(mirrored, where=IN_THE_WEEK), ask(plain, "user_sessions", IN_THE_WEEK)
            )
        yield faster("one week of a year over the mirror, against the CSV view", ours, peer, 20)

    def register(self) -> Iterator[Result]:
        """Compare connecting to 3,000 known files with looking at their ends."""
        folder = self._aside("many")
        rows = self.files[0].read_bytes()[:100_000].split(b"\r\n2025-")[1:-1]
        files = []
        for number in range(3000):
            record = b"2025-" + rows[number % len(rows)] + b"\r\n"
            files.append(folder / f"user_sessions_{number:04}.csv")
            files[-1].write_bytes(HEADER + f"2025-01-01T00:00:00.{number:06},,,,,,,".encode() + b"\r\n" + record * 4)
        bakame_duck.connect(folder).close()
        ours, peer = in_turn(
            self.repeat, lambda: bakame_duck.connect(folder).close(), lambda: look_at_the_ends(files), same=False
        )
        name = "connect to 3,000 known files, against reading their ends"
        yield Result(name, ours, peer, "s", ours / peer, "≤ 0.3 s", ours <= 0.3)
        with closing(bakame_duck.connect(folder)) as con:
            found = con.execute('select count(*), sum("rows") from ingest_files').fetchall()
        if found != [(3000, 15_000)]:
            raise ValueError(f"3,000 files of 5 records were read as {found}")

    def live(self) -> Iterator[Result]:
        """Compare looking again at a live file of 200 MB with and without 1 kB more in it."""
        folder = self._aside("live")
        path = folder / "user_sessions.csv"
        count = max(1, round(200 / self.megabytes))
        write_joined(path, self.files[:count])
        more = self.files[-1].read_bytes()[:100_000].split(b"\r\n2025-")[1:5]
        appended = b"".join(b"2025-" + record + b"\r\n" for record in more)

        def append() -> None:
            with path.open("ab") as stream:
                stream.write(appended)

        def look() -> object:
            with closing(bakame_duck.connect(folder)) as con:
                return con.execute('select "rows", pending_bytes from ingest_files').fetchall()

        first, before = seconds(look)
        # After the look at what was appended, the peer's look finds nothing new.
        ours, peer = in_turn(self.repeat, look, look, before=append)
        size = path.stat().st_size / 1e6
        _, after = seconds(look)
        if after != [(before[0][0] + (self.repeat + 1) * len(more), 0)]:
            raise ValueError(f"of {before}, {self.repeat + 1} times {len(more)} records more made {after}")
        name = f"look at a live file of {size:.0f} MB after {len(appended)} bytes more"
        yield Result(f"{name}, against none more", ours, peer, "s", ours / peer, "≤ 2 s", ours <= 2)
        yield Result(f"{name}, against the first look", ours, first, "s", ours / first)

    def huge(self) -> Iterator[Result]:
        """Compare one file of all rows with DuckDB's own parallel reader."""
        folder = self._aside("huge")
        path = folder / "user_sessions_2025.csv"
        write_joined(path, self.files)
        warm([path])
        name = f"one file of {self.size / 1e9:.1f} GB"
        first, _ = seconds(lambda: bakame_duck.connect(folder, mirror=False).close())
        with closing(bakame_duck.connect(folder, mirror=False)) as plain:
            ours, peer = in_turn(self.repeat, ask(plain), ask(self.duckdb, by_hand([path])))
            yield Result(f"{name}: first connect, against its query", first, ours, "s", first / ours)
            yield at_most(f"{name}: CSV view, against read_csv typed by hand", ours, peer, 1.15)
            building, _ = seconds(lambda: build_mirrors(folder))
            parquet = self.work / "plain.parquet"
            copy = f"copy (select * from {by_hand([path])}) to '{parquet}' (format parquet, compression zstd)"
            copying, _ = seconds(lambda: self.duckdb.execute(copy).fetchall())
            parquet.unlink()
            yield faster(f"{name}: mirror built once, against COPY", building, copying, 0.8)
            with closing(bakame_duck.connect(folder, mirror=True)) as mirrored:
                ours, peer = in_turn(self.repeat, ask(mirrored), ask(plain))
        yield faster(f"{name}: query over the mirror, against the CSV view", ours, peer, 5)
        live = path.rename(folder / "user_sessions.csv")
        first, _ = seconds(lambda: bakame_duck.connect(folder).close())
        with closing(bakame_duck.connect(folder)) as con:
            ours, peer = in_turn(self.repeat, ask(con), ask(self.duckdb, by_hand([live])))
        yield Result("the same, never rotated: first connect, against its query", first, ours, "s", first / ours)
        yield at_most("the same, never rotated: CSV view, against read_csv typed by hand", ours, peer, 1.15)
        shutil.rmtree(folder)

    def memory(self) -> Iterator[Result]:
        """Measure the memory of a process that inspects everything and writes mirrors and rollups."""
        folder = self.logs
        if self.memory_gigabytes is not None:
            folder = self._aside("memory")
            folder.rmdir()
            write_logs(folder, files=round(self.memory_gigabytes * 1000 / self.megabytes), megabytes=self.megabytes)
        clear_cache(folder)
        size = sum(file.stat().st_size for file in folder.glob("user_sessions*.csv")) / 1e9
        work = "bakame_duck.connect(sys.argv[1], mirror=False).close(); rollups.refresh(sys.argv[1])"
        ours, imported = (peak_memory(line, folder) for line in (work, "pass"))
        name = f"memory while {size:.1f} GB are inspected, mirrored and rolled up, against the import"
        yield Result(name, ours / 1e9, imported / 1e9, "GB", ours / imported, "≤ 1 GB", ours <= 1e9)
        if folder != self.logs:
            shutil.rmtree(folder)

    def _aside(self, name: str) -> Path:
        """Return a new, empty folder."""
        folder = self.work / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        return folder


MEASURES: dict[str, Callable[[Benchmark], Iterator[Result]]] = {
    "scan": Benchmark.scan,
    "view": Benchmark.view,
    "first-contact": Benchmark.first_contact,
    "mirror-build": Benchmark.mirror_build,
    "mirror-query": Benchmark.mirror_query,
    "week": Benchmark.week,
    "register": Benchmark.register,
    "live": Benchmark.live,
    "huge": Benchmark.huge,
    "memory": Benchmark.memory,
}


def parse() -> argparse.Namespace:
    """Return the command line."""
    parser = argparse.ArgumentParser(description="Measure how fast logs are read, against peers.")
    parser.add_argument("--files", type=int, default=30, help="rotated files, which fill a year (30)")
    parser.add_argument("--megabytes", type=float, default=50, help="size of each (50)")
    parser.add_argument("--repeat", type=int, default=5, help="turns of each measure (5)")
    parser.add_argument("--folder", type=Path, help="where the logs stay for the next run; else they are removed")
    parser.add_argument("--only", help=f"some measures, with commas: {','.join(MEASURES)}")
    parser.add_argument("--memory-gigabytes", type=float, help="measure memory on so many gigabytes of new logs")
    parser.add_argument("--json", type=Path, help="write the results to this file, too")
    options = parser.parse_args()
    options.only = options.only.split(",") if options.only else list(MEASURES)
    if unknown := [name for name in options.only if name not in MEASURES]:
        parser.error(f"no measure is called {unknown[0]}; there are {', '.join(MEASURES)}")
    return options


def show(result: Result) -> None:
    """Print one line of the table."""
    verdict = {True: "ok", False: "missed", None: ""}[result.met]
    values = f"{result.ours:9.3f} {result.peer:9.3f} {result.unit:<4} {result.ratio:8.2f}"
    print(f"{result.measure:<78} {values}  {result.target:<28} {verdict}".rstrip(), flush=True)


def main() -> int:
    """Run the measures; targets that were missed are no failure."""
    options = parse()
    with tempfile.TemporaryDirectory(prefix="bakame-duck-benchmark-") as temporary:
        folder = options.folder.resolve() if options.folder else Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        os.environ["XDG_CACHE_HOME"] = str(folder / "cache")
        benchmark = Benchmark(options, folder)
        about = {
            "duckdb": duckdb.__version__,
            "python": platform.python_version(),
            "cores": os.cpu_count(),
            "files": len(benchmark.files),
            "bytes": benchmark.size,
            "repeat": options.repeat,
        }
        print(", ".join(f"{name} {value}" for name, value in about.items()))
        print(f"{'':<78} {'ours':>9} {'peer':>9} {'':<4} {'ratio':>8}  target")
        results, failed = [], False
        for name in options.only:
            try:
                for result in MEASURES[name](benchmark):
                    results.append(result)
                    show(result)
            except Exception as error:
                failed = True
                print(f"{name} failed: {type(error).__name__}: {error}", flush=True)
    if options.json:
        text = json.dumps({"about": about, "results": [asdict(result) for result in results]}, indent=2)
        options.json.write_text(text + "\n")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
