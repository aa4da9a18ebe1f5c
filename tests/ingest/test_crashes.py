"""
Kill a reader at any moment, fill its disk, start a second one: no wrong file appears, and no log changes.

Real processes, real signals, a real small disk. An undisturbed copy of the same logs gives the expected results. The
moments are drawn from a seed that a failure prints: BAKAME_DUCK_SEED repeats it, BAKAME_DUCK_DEEP kills more often.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest

from bakame_duck.cache import Cache
from bakame_duck.sample.logs import write_sample

DEEP = bool(os.environ.get("BAKAME_DUCK_DEEP"))
SEED = int(os.environ.get("BAKAME_DUCK_SEED") or random.SystemRandom().randrange(10**6))
KILLS = 220 if DEEP else 12  # half of them at first contact, half in a refresh
REFRESHES_AT_ONCE = 25 if DEEP else 3
ROWS_PER_DAY = 1500
LIVE = "user_sessions.csv"
SMALL_DISK = 24_000_000

SCRIPT = Path(sys.executable).with_name("bakame-duck")
Answer = Mapping[str, list[Any]]

# Prints what a connection to a folder shows of each file: the ledger, the rejects, and each column as one hash; and
# under VIEWS the hash of each view that is read from rollups, over all files.
VIEWS = "views"
LOOK = """
import json, sys
import bakame_duck
from bakame_duck import schema
from bakame_duck.catalog import rollups

ROLLED = {
    "turns": "select * replace (parse_filename(source_file) as source_file) from turns",
    "calls": "from calls",
    "callers": "from callers",
    "personal_data": "select * replace (parse_filename(source_file) as source_file) from personal_data",
    "activity": "select phone_number, quarter_at, first_at, records, turns from internal.activity_by_log",
}
LEDGER = 'state, reason, layouts, size, records, "rows", rejects, pending_bytes, duplicate_of, unknown_columns'
HASHES = ", ".join(f"bit_xor(hash(source_row, {name}))" for name in schema.NAMES)

def look(folder, **options):
    con = bakame_duck.connect(folder, **options)
    answer = {}
    for part in (
        f"select file, {LEDGER} from ingest_files",
        "select file, line, byte_offset, reason, raw from ingest_rejects order by file, byte_offset",
        f"select source_file, count(*), max(source_row), {HASHES} from user_sessions group by source_file",
    ):
        for file, *values in con.execute(part).fetchall():
            answer.setdefault(file, []).append(values)
    answer["views"] = [
        [name, *con.execute(f"select count(*), sum(hash(rows) % 1000000007) from ({rows}) as rows").fetchone()]
        for name, rows in ROLLED.items()
    ]
    con.close()
    return json.loads(json.dumps(answer).replace(folder + "/", ""))

answers = []
for step, folder, options in json.loads(sys.argv[1]):
    if step == "look":
        answers.append(look(folder, **options))
    else:
        rollups.refresh(folder)
json.dump(answers, sys.stdout)
"""

# Imports its modules and prints "ready", then waits, so that a kill after that hits the work itself.
WORK = """
import sys
import bakame_duck
from bakame_duck.catalog import rollups, template

template.connect_empty().close()
print("ready", flush=True)
sys.stdin.readline()
"""
WORKS = {
    "first contact": "bakame_duck.connect(sys.argv[1], mirror=False)",
    "refresh": "rollups.refresh(sys.argv[1])",
}

# Records which logs of a folder Python opens, and everything else that it does in that folder.
WATCH = """
import json, os, sys
from pathlib import Path
import bakame_duck
from bakame_duck.catalog import rollups
from bakame_duck.cli import app

folder = Path(os.path.realpath(sys.argv[1]))
raw = {os.path.realpath(path) for path in folder.iterdir() if path.name.startswith("user_sessions")}
writing = os.O_WRONLY | os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_TRUNC
names = "chmod chown link mkdir remove rename rmdir setxattr symlink truncate utime"
changes = {f"os.{name}" for name in names.split()}
opened, wrong = set(), []

def watch(event, arguments):
    if event != "open" and event not in changes:
        return
    for argument in arguments[:2]:
        if not isinstance(argument, (str, bytes)):
            continue
        path = os.path.realpath(os.fsdecode(argument))
        if folder in Path(path).parents:
            opened.add(path)
            if event != "open" or arguments[2] & writing or set(arguments[1] or "") & set("wax+"):
                wrong.append([event, *map(repr, arguments)])

sys.addaudithook(watch)
for options in ({"mirror": False}, {"mirror": True}):
    bakame_duck.connect(folder, **options).execute("select count(*) from user_sessions").fetchall()
    rollups.refresh(folder)
sys.argv[1:] = ["check", "--data", str(folder)]
try:
    sys.stdout = sys.stderr
    app.main()
except SystemExit as left:
    code = left.code
json.dump({"wrong": wrong, "unread": sorted(raw - opened), "code": code or 0}, sys.__stdout__)
"""


def environment(**variables: str) -> dict[str, str]:
    """Return the environment without settings of ours, and with *variables*."""
    return {name: value for name, value in os.environ.items() if not name.startswith("BAKAME_DUCK_")} | variables


def python(source: str, *arguments: object, cwd: Path) -> object:
    """Run *source* in a process of its own, and return the JSON that it wrote."""
    command = [sys.executable, "-c", source, *map(str, arguments)]
    done = subprocess.run(command, cwd=cwd, env=environment(), capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def look(*steps: tuple[str, Path, Mapping[str, object]], cwd: Path) -> list[Answer]:
    answers = python(LOOK, json.dumps([(step, str(folder), options) for step, folder, options in steps]), cwd=cwd)
    assert isinstance(answers, list)
    return answers


def command(
    *arguments: object, cwd: Path, under: tuple[str, ...] = (), **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run the command line as a user does, or *under* another command."""
    return subprocess.run(
        [*under, str(SCRIPT), *map(str, arguments)],
        cwd=cwd,
        env=environment(**variables),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def cache_of(folder: Path) -> Path:
    return Cache(folder).folder


def unfinished(cache: Path) -> list[Path]:
    """Return what a killed process may leave: our unnamed files, and DuckDB's temporary ones."""
    temporary = (".unfinished-", "duckdb_temp_")
    return [path for path in cache.rglob("*") if path.name.startswith(temporary) or path.suffix == ".tmp"]


def assert_whole(folder: Path) -> None:
    """Assert that every Parquet file with a final name can be read to its last page, and that every digest is right."""
    cache = cache_of(folder)
    for path in cache.glob("[!.]*.parquet"):
        assert pyarrow.parquet.read_table(path).num_rows == pyarrow.parquet.read_metadata(path).num_rows
    for digest in cache.glob("[!.]*.digest"):
        content = digest.with_suffix("").read_bytes()
        assert json.loads(digest.read_text()) == {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}


def snapshot(folder: Path) -> dict[str, tuple[bytes, int, int]]:
    """Return the content, the time and the mode of everything in *folder*."""
    return {path.name: (path.read_bytes(), path.stat().st_mtime_ns, path.stat().st_mode) for path in folder.iterdir()}


def assert_told_in_two_lines(done: subprocess.CompletedProcess[str]) -> None:
    lines = done.stderr.splitlines()
    assert [line.split(" ")[0] for line in lines] == ["Error:", "Hint:"], done.stderr
    assert done.returncode == 1


@dataclass(frozen=True)
class Logs:
    """
    Logs of 24 days with every damage of the sample.

    Attributes:
        rotated: Two versions of each rotated file by name, of the same length where it is plain.

        live: What the logger will have appended to the live file.

        truth: What a connection shows of each rotated file, for both versions, and of the views over all.
    """

    rotated: Mapping[str, tuple[bytes, bytes]]
    live: bytes
    truth: tuple[Answer, Answer]

    def sound(self) -> list[str]:
        """Return the names of the rotated files that are read in place."""
        return [name for name in self.rotated if self.truth[0][name][0][0] == "sound"]

    def write(self, folder: Path, names: list[str] | None = None) -> None:
        """Write the first version of the rotated files, or of those that are named."""
        folder.mkdir(exist_ok=True)
        for name in self.rotated if names is None else names:
            (folder / name).write_bytes(self.rotated[name][0])


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Logs:
    written = tmp_path_factory.mktemp("written")
    write_sample(written, days=24, rows_per_day=ROWS_PER_DAY)
    live = (written / LIVE).read_bytes()
    names = sorted(path.name for path in written.glob("user_sessions*") if path.name != LIVE)
    rotated = {name: (content := (written / name).read_bytes(), edited(name, content, names)) for name in names}
    work = tmp_path_factory.mktemp("undisturbed")
    folders = (work / "first", work / "second")
    for version, folder in enumerate(folders):
        folder.mkdir()
        for name, versions in rotated.items():
            (folder / name).write_bytes(versions[version])
    first, second = look(*(("look", folder, {"mirror": False}) for folder in folders), cwd=work)
    assert {"sound", "repaired", "duplicate"} == {first[name][0][0] for name in names}
    assert first[VIEWS] != second[VIEWS]
    return Logs(rotated, live, (first, second))


def edited(name: str, content: bytes, names: list[str]) -> bytes:
    """Return *content* with other phone numbers, but of a .zst file, and of one that is there twice, itself."""
    if name.endswith(".zst") or f"{name}.gz" in names or name.removesuffix(".gz") in set(names) - {name}:
        return content
    if name.endswith(".gz"):
        return gzip.compress(edited("", gzip.decompress(content), []))
    return content.replace(b",+250788", b",+250789")


# Kill


@dataclass
class Site:
    """A folder in which logs grow, are replaced and lose their cache, and what is right to say of them."""

    folder: Path
    logs: Logs
    rng: random.Random
    grown: int = 0
    versions: dict[str, int] = field(default_factory=dict)

    def change(self) -> None:
        """Let a part of the files be replaced or written anew in place, and the live one grow; maybe drop the cache."""
        for name in self.logs.rotated:
            if name not in self.versions or self.rng.random() < 0.5:
                self.versions[name] = self.rng.randrange(2)
                path = self.folder / name
                if self.rng.random() < 0.5:
                    path.unlink(missing_ok=True)
                path.write_bytes(self.logs.rotated[name][self.versions[name]])
        self.grow()
        if self.rng.random() < 0.5:
            shutil.rmtree(cache_of(self.folder), ignore_errors=True)

    def grow(self) -> None:
        """Append to the live file as the logger does, though not always whole records."""
        more = self.rng.choice((0, 1, self.rng.randrange(900), self.rng.randrange(20_000)))
        with (self.folder / LIVE).open("ab") as stream:
            stream.write(self.logs.live[self.grown : self.grown + more])
        self.grown = min(self.grown + more, len(self.logs.live))

    def truth(self) -> dict[str, list[object]]:
        """Return what a connection should show of the rotated files."""
        return {name: self.logs.truth[version][name] for name, version in self.versions.items()}


def start(work: str, folder: Path) -> subprocess.Popen[str]:
    """Start a process that is ready to do *work* in *folder*."""
    process = subprocess.Popen(
        [sys.executable, "-c", f"{WORK}{WORKS[work]}\n", str(folder)],
        cwd=folder.parent,
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n", process.communicate()[1]
    return process


def go(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def work_of(process: subprocess.Popen[str], *, kill_after: float | None = None) -> int:
    """Let *process* work, to its end or until it is killed, and return how it ended."""
    go(process)
    if kill_after is not None:
        time.sleep(kill_after)
        process.kill()
    _, err = process.communicate(timeout=300)
    with suppress(ProcessLookupError):  # what it may have started itself
        os.killpg(process.pid, signal.SIGKILL)
    assert process.returncode in (0, -signal.SIGKILL), err
    return process.returncode


def duration_of(work: str, site: Site) -> float:
    """Return how long *work* takes from an empty cache, in seconds."""
    shutil.rmtree(cache_of(site.folder), ignore_errors=True)
    process = start(work, site.folder)
    begin = time.perf_counter()
    assert work_of(process) == 0
    return time.perf_counter() - begin


@pytest.mark.parametrize("work", WORKS)
def test_after_a_kill_at_any_moment_the_next_run_is_right(logs: Logs, tmp_path: Path, work: str) -> None:
    rng = random.Random(f"{SEED} {work}")
    site = Site(tmp_path / "logs", logs, rng)
    site.folder.mkdir()
    live_alone = tmp_path / "live alone"
    live_alone.mkdir()
    site.change()
    duration = duration_of(work, site)
    killed = 0
    for attempt in range(KILLS * 5):
        if killed == KILLS // 2:
            break
        site.change()
        moment = rng.random() * duration
        if work_of(start(work, site.folder), kill_after=moment) == 0:
            continue
        killed += 1
        print(f"BAKAME_DUCK_SEED={SEED}: kill {killed}, attempt {attempt + 1}, {moment:.3f} s of {duration:.3f} s")
        assert_whole(site.folder)
        for path in unfinished(cache_of(site.folder)):
            os.utime(path, (time.time() - 86_400,) * 2)  # as if the next look were tomorrow's
        site.grow()
        shutil.copy(site.folder / LIVE, live_alone)
        shutil.rmtree(cache_of(live_alone), ignore_errors=True)

        undisturbed, *answers = look(
            ("look", live_alone, {"mirror": False}),
            ("look", site.folder, {"mirror": False}),
            ("look", site.folder, {"mirror": True}),
            ("refresh", site.folder, {}),
            ("look", site.folder, {"mirror": True}),
            cwd=tmp_path,
        )

        right = site.truth() | undisturbed | {VIEWS: answers[0][VIEWS]}  # as the views are without rollups
        for place, answer in enumerate(answers):
            assert right.keys() == answer.keys()
            assert [] == [(place, name, right[name], answer[name]) for name in right if right[name] != answer[name]]
        assert unfinished(cache_of(site.folder)) == []
        assert_whole(site.folder)
    assert killed == KILLS // 2


# Two at once


def test_two_refreshes_at_once_do_not_collide(logs: Logs, tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    logs.write(folder)
    for _ in range(REFRESHES_AT_ONCE):
        shutil.rmtree(cache_of(folder), ignore_errors=True)
        with start("refresh", folder) as one, start("refresh", folder) as other:
            for process in (one, other):
                go(process)
            told = [(*process.communicate(timeout=300), process.returncode) for process in (one, other)]

        assert told == [("", "", 0)] * 2
        assert unfinished(cache_of(folder)) == []
        assert_whole(folder)
        assert look(("look", folder, {"mirror": True}), cwd=tmp_path) == [logs.truth[0]]


def test_two_refresh_commands_at_once_both_succeed(logs: Logs, tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    logs.write(folder)
    both = [
        subprocess.Popen(
            [str(SCRIPT), "refresh", "--data", str(folder)], cwd=tmp_path, env=environment(), stderr=subprocess.PIPE
        )
        for _ in range(2)
    ]

    told = [(process.communicate(timeout=300)[1].decode(), process.returncode) for process in both]

    assert [code for _, code in told] == [0, 0], told
    assert unfinished(cache_of(folder)) == []
    assert look(("look", folder, {"mirror": True}), cwd=tmp_path) == [logs.truth[0]]


# A full disk


@pytest.fixture
def small_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A small disk of its own, with the cache."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = shutil.which("mount")
    if mount is None:
        pytest.skip("there is no 'mount' to make a small disk with")
    options = ["-t", "tmpfs", "-o", f"size={SMALL_DISK}"]
    mounted = subprocess.run([mount, *options, "tmpfs", str(disk)], capture_output=True, text=True, check=False)
    if mounted.returncode:
        pytest.skip(f"a small disk cannot be mounted here: {mounted.stderr.strip()}")
    monkeypatch.setenv("XDG_CACHE_HOME", str(disk / "cache"))
    yield disk
    subprocess.run(["umount", "--lazy", str(disk)], check=True)


@pytest.fixture
def fill(small_disk: Path) -> Callable[[int], None]:
    """Fill the disk until so many bytes are left."""

    def fill(left: int) -> None:
        status = os.statvfs(small_disk)
        (small_disk / "filler").write_bytes(bytes(status.f_bavail * status.f_frsize - left))

    return fill


def test_sound_logs_are_read_with_a_full_disk(
    logs: Logs, tmp_path: Path, small_disk: Path, fill: Callable[[int], None]
) -> None:
    folder = small_disk / "logs"
    logs.write(folder, logs.sound())
    before = snapshot(folder)
    fill(0)

    told = [command(*words, "--data", folder, cwd=tmp_path) for words in (("check",), ("sql", "from ingest_files"))]
    answers = look(*(("look", folder, {"mirror": mirror}) for mirror in (False, True)), cwd=tmp_path)

    assert [(done.returncode, done.stderr) for done in told] == [(0, "")] * 2
    assert answers == [{name: logs.truth[0][name] for name in logs.sound()} | {VIEWS: answers[0][VIEWS]}] * 2
    assert snapshot(folder) == before


@pytest.mark.parametrize("left", [0, 20_000, 100_000, 400_000])
def test_an_error_reports_a_full_disk_and_the_next_run_completes(
    logs: Logs, tmp_path: Path, small_disk: Path, fill: Callable[[int], None], left: int
) -> None:
    folder = small_disk / "logs"
    logs.write(folder)
    before = snapshot(folder)
    fill(left)

    look_failed = command("check", "--data", folder, cwd=tmp_path)
    refresh_failed = command("refresh", "--data", folder, cwd=tmp_path)

    for done in (look_failed, refresh_failed):
        assert_told_in_two_lines(done)
    assert unfinished(cache_of(folder)) == []
    assert_whole(folder)
    (small_disk / "filler").unlink()
    right = [logs.truth[0]] * 3
    assert right == look(
        ("look", folder, {"mirror": True}),
        ("look", folder, {"mirror": False}),
        ("refresh", folder, {}),
        ("look", folder, {"mirror": True}),
        cwd=tmp_path,
    )
    assert unfinished(cache_of(folder)) == []
    assert_whole(folder)
    assert snapshot(folder) == before


def test_an_error_reports_a_mirror_that_does_not_fit_and_the_next_run_writes_it(
    logs: Logs, tmp_path: Path, small_disk: Path, fill: Callable[[int], None]
) -> None:
    folder = small_disk / "logs"
    logs.write(folder)
    before = snapshot(folder)
    assert command("check", "--data", folder, cwd=tmp_path).returncode == 0
    fill(200_000)

    refresh_failed = command("refresh", "--data", folder, cwd=tmp_path)
    answers = look(*(("look", folder, {"mirror": mirror}) for mirror in (False, True)), cwd=tmp_path)

    assert_told_in_two_lines(refresh_failed)
    assert unfinished(cache_of(folder)) == []
    assert_whole(folder)
    assert answers == [logs.truth[0]] * 2
    (small_disk / "filler").unlink()
    assert command("refresh", "--data", folder, cwd=tmp_path).returncode == 0
    assert look(("look", folder, {"mirror": True}), cwd=tmp_path) == [logs.truth[0]]
    assert snapshot(folder) == before


# Raw logs

COMMANDS = (
    ("sql", "select count(*) from user_sessions"),
    ("refresh",),
    ("sql", "select count(*) from turns"),
    ("check",),
    ("check", "--strict", "--format", "json"),
)


def exit_codes(folder: Path, *commands: tuple[str, ...], **options: Any) -> list[int]:
    """Run *commands* over the logs in *folder* and return their exit codes."""
    done = [command(*words, "--data", folder, **options) for words in commands]
    assert "Traceback" not in "".join(one.stderr for one in done)
    return [one.returncode for one in done]


@pytest.fixture
def all_kinds(logs: Logs, tmp_path: Path) -> Iterator[Path]:
    """A folder with logs of all kinds, a torn live one and a .gz that ends too early."""
    folder = tmp_path / "logs"
    logs.write(folder)
    (folder / LIVE).write_bytes(logs.live)
    (folder / "user_sessions_2025-01-01.csv.gz").write_bytes(gzip.compress(logs.live)[:-100])
    for path in folder.iterdir():
        os.utime(path, ns=(1_700_000_000_123_456_789,) * 2)
    yield folder
    for path in (folder, *folder.iterdir()):
        path.chmod(0o755)


def test_no_log_changes_and_no_file_appears_beside_the_logs(all_kinds: Path, tmp_path: Path) -> None:
    before = snapshot(all_kinds)

    codes = exit_codes(all_kinds, *COMMANDS, ("report", "weekly", "--out", str(tmp_path)), cwd=tmp_path)

    assert codes == [0, 0, 0, 4, 4, 0]
    assert list(tmp_path.rglob("*.html"))

    assert snapshot(all_kinds) == before
    assert unfinished(cache_of(all_kinds)) == []


def test_logs_in_a_read_only_folder_are_read(all_kinds: Path, tmp_path: Path) -> None:
    for path in all_kinds.iterdir():
        path.chmod(0o444)
    all_kinds.chmod(0o555)
    before = snapshot(all_kinds)
    under: tuple[str, ...] = ()
    if os.geteuid() == 0:  # whom a mode keeps from writing only without this capability
        if shutil.which("setpriv") is None:
            pytest.skip("there is no 'setpriv' to keep root from writing everywhere")
        under = ("setpriv", "--inh-caps=-dac_override", "--bounding-set=-dac_override")
    touched = subprocess.run([*under, "touch", str(all_kinds / "note")], capture_output=True, check=False)
    assert touched.returncode == 1

    codes = exit_codes(all_kinds, *COMMANDS, cwd=tmp_path, under=under)

    assert codes == [0, 0, 0, 4, 4]
    assert snapshot(all_kinds) == before
    assert list(cache_of(all_kinds).glob("*.parquet"))
    assert unfinished(cache_of(all_kinds)) == []


def test_logs_are_only_ever_opened_for_reading(all_kinds: Path, tmp_path: Path) -> None:
    seen = python(WATCH, all_kinds, cwd=tmp_path)

    assert isinstance(seen, dict)
    assert seen["wrong"] == []
    assert seen["unread"] == []  # or the hook would have proved nothing
    assert seen["code"] == 4
