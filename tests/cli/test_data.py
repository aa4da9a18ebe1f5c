"""``refresh``, ``sample`` and ``cache``."""

from __future__ import annotations

import filecmp
import json
import os
import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bakame_duck.cache import Cache, cache_root
from tests.cli.helpers import assert_two_lines
from tests.conftest import Given, as_csv, cells

if TYPE_CHECKING:
    from tests.report_fixtures import Run

pytest_plugins = ["tests.report_fixtures"]

ROOT = Path(__file__).parents[2]


def test_refresh_prints_what_it_did(run: Run, given: Given) -> None:
    given.turns(("2026-01-12 10:00:00", "math"))
    given.file(as_csv(cells({"timestamp": "2026-01-20T10:00:00"})), "user_sessions_2.csv")

    said = [
        run("refresh", "--data", given.folder, *arguments).text.split(":")[0]
        for arguments in (["--since", "2026-01-19"], [], [], ["--since", "2026-01-20T12:00:00+02:00"])
    ]

    assert said == [
        "1 of 1 rotated logs mirrored",
        "1 of 2 rotated logs mirrored",
        "0 of 2 rotated logs mirrored",
        "0 of 1 rotated logs mirrored",
    ]


def test_data_sample_is_the_output_of_the_command(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "sample"

    outcome = run("sample", folder)

    kept = sorted(path.name for path in (ROOT / "data" / "sample").iterdir() if not path.name.startswith("."))
    assert (0, "") == (outcome.code, outcome.err)
    assert kept == sorted(path.name for path in folder.iterdir())
    assert kept == sorted(Path(line).name for line in outcome.text.splitlines())
    same, different, missing = filecmp.cmpfiles(ROOT / "data" / "sample", folder, kept, shallow=False)
    assert (kept, [], []) == (sorted(same), different, missing)


def test_a_sample_does_not_overwrite_logs(run: Run, tmp_path: Path) -> None:
    arguments = ("sample", tmp_path / "try", "--days", 2, "--rows-per-day", 20, "--seed", 7)
    assert run(*arguments).code == 0
    before = {path: path.read_bytes() for path in (tmp_path / "try").iterdir()}

    outcome = run(*arguments)

    assert (2, b"") == (outcome.code, outcome.out)
    assert_two_lines(outcome.err)
    assert before == {path: path.read_bytes() for path in (tmp_path / "try").iterdir()}


# The cache


@pytest.fixture
def cached(run: Run, given: Given, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Given:
    """Logs with a mirror, rollups, a repaired copy and entries, in a cache of their own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    given.turns(("2026-01-12 10:00:00", "math"))
    record = as_csv(cells({"timestamp": "2026-01-20T10:00:00"}))
    given.file(record + record[:40] + record, "user_sessions_2.csv")
    assert run("refresh", "--data", given.folder).code == 0
    return given


def test_cache_path_prints_a_folder_for_each_log_folder(run: Run, given: Given, tmp_path: Path) -> None:
    outcome = run("cache", "path", "--data", given.folder, "--data", tmp_path)

    assert [str(Cache(given.folder).folder), str(Cache(tmp_path).folder)] == outcome.text.splitlines()
    assert not list(given.folder.iterdir())


def test_cache_info_shows_files_sizes_and_limit(run: Run, cached: Given, tmp_path: Path) -> None:
    Path("bakame-duck.toml").write_text('cache_limit = "20 GB"')

    text = run("cache", "info", "--data", cached.folder).text
    told = json.loads(run("cache", "info", "--data", cached.folder, "--format", "json").out)

    assert str(Cache(cached.folder).folder) == text.splitlines()[0]
    assert re.search(r"\n  mirrors +2 files +[\d.]+ kB\n", text)
    assert text.endswith(", limit 20.0 GB\n")
    kinds = {row["kind"]: (row["files"], row["bytes"]) for row in told["files"]}
    assert {"mirrors", "rollups", "repaired copies", "entries"} == kinds.keys()
    assert (2, 1, 1) == (kinds["mirrors"][0], kinds["repaired copies"][0], kinds["entries"][0])
    assert sum(size for _, size in kinds.values()) == sum(
        path.stat().st_size for path in Cache(cached.folder).folder.iterdir()
    )
    everything = [path for path in cache_root().rglob("*") if path.is_file()]
    assert (sum(path.stat().st_size for path in everything), 20_000_000_000) == (told["bytes"], told["limit"])


def test_cache_clear_removes_what_is_ours_and_prints_how_much(run: Run, cached: Given, tmp_path: Path) -> None:
    folder = Cache(cached.folder).folder
    other = Cache(tmp_path).folder
    (folder / "mine.txt").touch()
    files = sum(not path.name.endswith(".digest") for path in folder.iterdir()) - 1
    count = ["sql", "select count(*) as records from user_sessions", "--format", "json", "--data", cached.folder]
    before = run(*count).text

    outcome = run("cache", "clear", "--data", cached.folder)

    assert (0, "") == (outcome.code, outcome.err)
    assert re.fullmatch(rf"{re.escape(str(folder))}: {files} files removed, [\d.]+ kB\n", outcome.text)
    assert ["mine.txt"] == [path.name for path in folder.iterdir()]
    assert other.is_dir()
    assert before == run(*count).text


def test_cache_clear_all_removes_every_cache(run: Run, cached: Given) -> None:
    assert run("cache", "clear", "--all").code == 0

    assert not cache_root().exists()
    assert 3 == len(list(cached.folder.iterdir())) + 1


def test_the_limit_is_enforced_by_refresh(run: Run, cached: Given) -> None:
    folder = Cache(cached.folder).folder
    old = folder / ("0" * 32 + "-11111111.parquet")
    old.write_bytes(bytes(100_000))
    os.utime(old, (0, 0))
    Path("bakame-duck.toml").write_text('cache_limit = "1 kB"')
    before = Cache(cached.folder).usage()["mirrors"].files

    assert run("refresh", "--data", cached.folder).code == 0

    assert (3, 2) == (before, Cache(cached.folder).usage()["mirrors"].files)


def test_an_old_cache_beside_the_logs_is_mentioned_once_and_removed_on_request(run: Run, given: Given) -> None:
    given.turns(("2026-01-12 10:00:00", "math"))
    old = given.folder / ".bakame-duck"
    old.mkdir()
    (old / "notes.sqlite").write_bytes(b"1234")
    (old / ("0" * 32 + "-11111111.parquet")).write_bytes(b"5678")
    (old / "mine.txt").touch()

    first, second = (run("check", "--data", given.folder) for _ in range(2))
    hint = re.search(r"'bakame-duck (cache clear --old .*)'", first.err)
    assert hint
    cleared = run(*shlex.split(hint[1]))

    assert (0, 1, "") == (first.code, len(first.err.splitlines()), second.err)
    assert f"{old}: 2 files removed, 8 bytes\n" == cleared.text
    assert ["mine.txt"] == [path.name for path in old.iterdir()]
    (old / "mine.txt").unlink()
    assert 0 == run("cache", "clear", "--old", "--data", given.folder).code
    assert not old.exists()
    assert "" == run("cache", "clear", "--old", "--data", given.folder).text
