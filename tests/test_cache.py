"""The cache: where it is, when a file in it is complete, and what is removed from it."""

from __future__ import annotations

import hashlib
import json
import os
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from bakame_duck.cache import Cache, Usage, all_caches, cache_root, old_cache
from bakame_duck.errors import CacheError, SettingsError

COPY = "0" * 32 + ".csv"
MIRROR = "1" * 32 + "-22222222.parquet"
ROLLUP = "1" * 32 + "-22222222-33333333.turns.parquet"


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The cache's root, in an otherwise empty working folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "user"))
    for name in list(os.environ):
        if name.startswith("BAKAME_DUCK_"):
            monkeypatch.delenv(name)
    return tmp_path / "user" / "bakame-duck"


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    folder = tmp_path / "logs"
    folder.mkdir()
    return folder


def write(cache: Cache, name: str, content: bytes = b"content", *, hours_ago: float = 0) -> Path:
    with cache.new_file(name) as path:
        path.write_bytes(content)
    if hours_ago:
        age(cache.folder, name, hours_ago)
    return cache.folder / name


def age(folder: Path, name: str, hours_ago: float) -> None:
    then = time.time() - hours_ago * 3600
    for path in folder.glob(f"{name}*"):
        os.utime(path, (then, then))


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_a_log_folder_has_a_cache_named_after_it_and_its_path(logs: Path, root: Path) -> None:
    digest = hashlib.sha256(os.fsencode(logs.resolve())).hexdigest()

    assert root / f"logs-{digest[:16]}" == Cache(logs).folder
    assert root == Cache().folder == cache_root()
    assert [] == list(logs.iterdir())


def test_a_link_to_a_log_folder_has_the_same_cache(logs: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(logs)

    assert Cache(logs).folder == Cache(tmp_path / "link").folder == Cache(Path("logs")).folder


@pytest.mark.parametrize("name", ["a" * 255, "two\nlines", "\udcff", "日志 2026"])
def test_any_name_of_a_log_folder_makes_a_name(tmp_path: Path, root: Path, name: str) -> None:
    folder = tmp_path / name
    folder.mkdir()

    write(Cache(folder), COPY)

    (made,) = names(root)
    made.encode()
    assert "\n" not in made


def test_the_setting_moves_the_cache(logs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("bakame-duck.toml").write_text('cache = "here"')
    assert tmp_path / "here" == Cache(logs).folder.parent

    monkeypatch.setenv("BAKAME_DUCK_CACHE", str(tmp_path / "there"))
    assert tmp_path / "there" == Cache(logs).folder.parent


@pytest.mark.parametrize("limit", ['"20 potatoes"', "0", "-5", '"GB"'])
def test_a_limit_has_to_be_a_size(limit: str) -> None:
    Path("bakame-duck.toml").write_text(f"cache_limit = {limit}")

    with pytest.raises(SettingsError, match="cache_limit"):
        Cache.enforce_limit()


def test_files_and_folders_are_private(logs: Path, root: Path) -> None:
    before = os.umask(0)
    try:
        cache = Cache(logs)
        with cache.new_file(COPY) as path:
            path.unlink()
            path.write_bytes(b"replaced, as DuckDB does")
        cache.store({"key": "entry"})
    finally:
        os.umask(before)

    assert {0o700} == {stat.S_IMODE(folder.stat().st_mode) for folder in (root, cache.folder)}
    assert {COPY, f"{COPY}.digest", "entries.sqlite"} == names(cache.folder)
    assert {0o600} == {stat.S_IMODE(path.stat().st_mode) for path in cache.folder.iterdir()}


# Files


def test_a_file_has_its_size_and_hash_beside_it(logs: Path) -> None:
    path = write(Cache(logs), COPY, b"some bytes")

    text = path.with_name(f"{COPY}.digest").read_text()
    assert text.count("\n") == 1
    assert {"size": 10, "sha256": hashlib.sha256(b"some bytes").hexdigest()} == json.loads(text)
    assert {COPY} == Cache(logs).complete_files()


def test_an_error_in_the_block_leaves_nothing(logs: Path) -> None:
    cache = Cache(logs)

    def write_half() -> None:
        with cache.new_file(COPY) as path:
            path.write_bytes(b"half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_half()

    assert set() == names(cache.folder)


def test_a_file_or_a_digest_alone_is_not_complete(logs: Path) -> None:
    cache = Cache(logs)
    write(cache, COPY).unlink()
    write(cache, MIRROR).with_name(f"{MIRROR}.digest").unlink()
    write(cache, ROLLUP)

    assert {ROLLUP} == cache.complete_files()


def test_a_folder_that_is_gone_has_no_complete_file(logs: Path) -> None:
    cache = Cache(logs)
    cache.folder.rmdir()

    assert (set(), {}, 0) == (cache.complete_files(), cache.usage(), cache.clear([]))


def test_a_cache_that_cannot_be_written_is_an_error_with_the_setting_as_hint(logs: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    Path("bakame-duck.toml").write_text('cache = "file"')
    cache = Cache(logs)

    with pytest.raises(CacheError, match="cannot be written: Not a directory") as refused, cache.new_file(COPY):
        pass

    assert "set 'cache'" in refused.value.hint
    cache.store({"key": "entry"})
    assert {} == cache.load()


def test_a_process_killed_at_any_moment_leaves_a_complete_file_or_none(logs: Path) -> None:
    cache = Cache(logs)
    program = f"""
import itertools
from pathlib import Path
from bakame_duck.cache import Cache
print("ready", flush=True)
for number in itertools.count():
    with Cache(Path({str(logs)!r})).new_file({COPY!r}) as path:
        path.write_bytes(str(number).encode() * 10_000)
"""
    for moment in range(12):
        with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as process:
            assert process.stdout
            process.stdout.readline()
            time.sleep(0.003 * moment)
            process.kill()

        if COPY in cache.complete_files():
            assert_digest_fits(cache.folder / COPY)
    assert (cache.folder / COPY).is_file()


def assert_digest_fits(path: Path) -> None:
    content = path.read_bytes()
    digest = json.loads(path.with_name(f"{path.name}.digest").read_text())
    assert {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()} == digest


def test_of_two_writers_at_once_one_wins_with_its_own_digest(logs: Path) -> None:
    cache = Cache(logs)

    def write_often(content: bytes) -> None:
        for _ in range(60):
            write(cache, COPY, content)

    writers = [threading.Thread(target=write_often, args=[bytes([number]) * number]) for number in (65, 66, 67, 68)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()

    assert_digest_fits(cache.folder / COPY)
    assert {COPY, f"{COPY}.digest"} == names(cache.folder)


# Entries


def test_entries_are_stored_and_retained_by_key(logs: Path) -> None:
    Cache(logs).store({"a": "1", "b": "2", "c": "3"})
    Cache(logs).store({"b": "4"})
    Cache(logs).retain(["b", "c", "never stored"])

    assert {"b": "4", "c": "3"} == Cache(logs).load()


def test_torn_entries_are_replaced(logs: Path) -> None:
    cache = Cache(logs)
    (cache.folder / "entries.sqlite").write_bytes(b"not a database" * 100)
    assert {} == cache.load()

    cache.store({"key": "entry"})

    assert {"key": "entry"} == cache.load()


# Removing files


FOREIGN = ["notes.txt", "user_sessions.csv", "0" * 31 + ".csv", "a.parquet", "entries.sqlite.old", "0" * 32]


def test_clear_removes_old_files_of_ours_only(logs: Path) -> None:
    cache = Cache(logs)
    for name, hours_ago in [(COPY, 2), (MIRROR, 2), (ROLLUP, 0.5)]:
        write(cache, name, hours_ago=hours_ago)
    for name in [*FOREIGN, ".unfinished-abc_1234.parquet"]:
        (cache.folder / name).touch()
        age(cache.folder, name, 2)
    cache.store({"key": "entry"})
    (cache.folder / f"{'3' * 32}.csv").symlink_to(logs)

    assert 2 == cache.clear([MIRROR])

    kept = {MIRROR, f"{MIRROR}.digest", ROLLUP, f"{ROLLUP}.digest", "entries.sqlite", f"{'3' * 32}.csv", *FOREIGN}
    assert kept == names(cache.folder)
    assert 1 == cache.clear([MIRROR], age=0)
    assert 0 == cache.clear([], pattern="*.csv", age=0)
    assert {MIRROR} == cache.complete_files()


def test_clear_keeps_a_digest_that_another_process_is_writing(logs: Path) -> None:
    cache = Cache(logs)
    (cache.folder / ".unfinished-abc_1234.digest").touch()

    assert 0 == cache.clear([])
    assert {".unfinished-abc_1234.digest"} == names(cache.folder)


def test_usage_is_by_kind_and_includes_digests(logs: Path) -> None:
    cache = Cache(logs)
    for name in (COPY, MIRROR, ROLLUP):
        write(cache, name, name.encode())
    for name in FOREIGN:
        (cache.folder / name).write_bytes(b"not ours")

    usage = cache.usage()

    assert {"mirrors", "rollups", "repaired copies"} == usage.keys()
    sizes = {name: sum(path.stat().st_size for path in cache.folder.glob(f"{name}*")) for name in (COPY, MIRROR)}
    assert [Usage(1, sizes[COPY]), Usage(1, sizes[MIRROR])] == [usage["repaired copies"], usage["mirrors"]]


def test_clear_all_leaves_what_is_not_ours(logs: Path) -> None:
    cache = Cache(logs)
    write(cache, COPY)
    cache.store({"key": "entry"})
    (cache.folder / "mine.txt").touch()

    assert 2 == cache.clear_all().files
    assert {"mine.txt"} == names(cache.folder)

    (cache.folder / "mine.txt").unlink()
    cache.clear_all()
    assert not cache.folder.exists()


def test_the_limit_removes_the_least_recently_used_files_of_all_logs(logs: Path, tmp_path: Path) -> None:
    (tmp_path / "others").mkdir()
    here, there = Cache(logs), Cache(tmp_path / "others")
    for number, (cache, hours_ago) in enumerate([(here, 5), (there, 9), (here, 7), (there, 3), (here, 0)]):
        write(cache, f"{number:032x}.csv", bytes(10_000), hours_ago=hours_ago)
    (here.folder / "mine.txt").write_bytes(bytes(50_000))
    here.store({"key": "entry"})
    age(here.folder, "", 99)
    used = sum(usage.size for cache in all_caches() for usage in cache.usage().values())
    age(here.folder, f"{0:032x}.csv", 5)
    age(here.folder, f"{2:032x}.csv", 7)
    age(here.folder, f"{4:032x}.csv", 0)

    assert 0 == Cache.enforce_limit()
    Path("bakame-duck.toml").write_text(f"cache_limit = {used - 15_000}")
    assert 2 == Cache.enforce_limit()
    assert 0 == Cache.enforce_limit()

    assert {f"{number:032x}.csv" for number in (0, 4)} == here.complete_files()
    assert {f"{3:032x}.csv"} == there.complete_files()
    Path("bakame-duck.toml").write_text("cache_limit = '1 kB'")
    assert 1 == Cache.enforce_limit([f"{0:032x}.csv"])
    assert {f"{number:032x}.csv" for number in (0, 4)} == here.complete_files()
    assert {"key": "entry"} == here.load()
    assert (here.folder / "mine.txt").exists()


# The old cache, beside the logs


def test_the_old_cache_is_removed_but_for_what_is_not_ours(logs: Path) -> None:
    assert old_cache(logs) is None
    folder = logs / ".bakame-duck"
    months = folder / "parts" / "months"
    months.mkdir(parents=True)
    for path in (folder / MIRROR, folder / COPY, folder / "notes.sqlite", months / ("4" * 32 + ".callers.parquet")):
        path.write_bytes(b"12345678")
    (folder / "parts" / ROLLUP).write_bytes(b"12345678")
    (folder / "mine.txt").touch()

    old = old_cache(logs)

    assert old
    assert Usage(5, 40) == old.clear_all()
    assert {"mine.txt"} == names(folder)


def test_a_link_is_not_the_old_cache(logs: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (logs / ".bakame-duck").symlink_to(tmp_path / "elsewhere")

    assert old_cache(logs) is None
