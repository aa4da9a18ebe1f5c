"""Rollups: with them every view returns the same rows as without, whatever the logs contain."""

from __future__ import annotations

import gzip
import os
import random
import shutil
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bakame_duck import connect, sql_files
from bakame_duck.cache import Cache
from bakame_duck.catalog import rollups
from bakame_duck.catalog.rollups import refresh
from bakame_duck.resources import resource_folder
from bakame_duck.settings import Settings
from tests.conftest import INTERACTION, TURN, as_csv, cells
from tests.odd_logs import write_odd_logs
from tests.view_oracle import expected_calls, expected_modules, is_turn

DEEP = bool(os.environ.get("BAKAME_DUCK_DEEP"))
SAMPLE = Path(__file__).parents[2] / "data" / "sample"
KINDS = sorted(rollups._STORED)
QUERIES = {
    "turns": "from turns",
    "calls": "from calls",
    "callers": "from callers",
    "personal_data": "from personal_data",
    "activity": "select phone_number, quarter_at, first_at, records, turns from internal.activity_by_log",
}

Rows = dict[str, list[tuple[Any, ...]]]
Logs = Mapping[Path, Sequence[Mapping[str, Any]]]


def rows_of(folders: Path | list[Path], **options: Any) -> Rows:
    """Return the rows of every view that is read from rollups, sorted."""
    with connect(folders, settings=Settings.model_construct(), **options) as con:
        return {name: sorted(con.execute(query).fetchall(), key=repr) for name, query in QUERIES.items()}


def assert_same(folders: Path | list[Path], **options: Any) -> Rows:
    """Assert that views return the same rows before and after a refresh, and return those rows."""
    plain = rows_of(folders, mirror=False, **options)
    refresh(folders)
    rolled = rows_of(folders, mirror=True, **options)
    for name in QUERIES:
        assert plain[name] == rolled[name], name
    return plain


def write(logs: Logs) -> None:
    for path, records in logs.items():
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(as_csv(*(cells(record, 31) for record in records)))


def said(at: str, call: str = "CA1", module: str = "math", **others: Any) -> dict[str, Any]:
    """Return an interaction; *at* is a day of January and a time, such as ``04 23:59:59``."""
    return INTERACTION | {"timestamp": instant(at), "session_id": call, "module_name": module} | others


def turned(at: str, call: str = "CA1", **others: Any) -> dict[str, Any]:
    """Return a turn."""
    return TURN | {"timestamp": instant(at), "session_id": call, "call_id": call} | others


def instant(at: str) -> str:
    return at and f"2026-01-{at.replace(' ', 'T')}"


def calls_in(rows: Rows) -> list[tuple[Any, ...]]:
    """Return (call id, start, end, turns, interactions) of each call."""
    return [
        (call, *(at and f"{at:%d %H:%M:%S}" for at in (start, end)), turns, interactions)
        for call, _, start, end, _, turns, interactions, *_ in rows["calls"]
    ]


def rollup_files(folder: Path) -> dict[str, Path]:
    """Return the rollups in the cache of *folder* by their kind; of several logs, the last by name."""
    paths = sorted(path for path in Cache(folder).folder.glob("*.parquet") if path.name.count(".") == 2)
    return {path.suffixes[0].removeprefix("."): path for path in paths}


# Random logs

HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)
NEAR = [timedelta(), SECOND, HOUR, 4 * HOUR - SECOND, 4 * HOUR, 4 * HOUR + SECOND, 8 * HOUR]
SILENCE = [timedelta(), SECOND, 2 * HOUR, 4 * HOUR - SECOND, 4 * HOUR, 4 * HOUR + SECOND, 9 * HOUR]
SPANS = [timedelta(days=2), timedelta(days=9), timedelta(days=31)]
MONTH = timedelta(days=30)
TEXTS = ["Muraho", "Muraho", "Muraho", "call 0788 123 456", "[NAME_CONFIRMED: Ingabire], a@b.example"]


def any_logs(rng: random.Random, root: Path) -> dict[Path, list[dict[str, Any]]]:
    """
    Draw two to four logs whose calls are near the instants at which one log ends and the next begins.

    Around each of these instants, the logs are silent for a drawn time. Most distances between records are within a
    second of the limits that decide: four hours and 30 days.
    """
    first = datetime(2026, 1, 5, rng.randrange(24))
    cuts = [first]
    for _ in range(rng.choice([0, 1, 1, 2])):
        cuts.append(cuts[-1] + rng.choice(SPANS) + rng.choice([-1, 0, 1]) * SECOND)
    silences = [rng.choice(SILENCE) for _ in cuts]
    overlapping = [rng.random() < 0.25 for _ in cuts]
    logs: dict[int, list[dict[str, Any]]] = defaultdict(list)

    def log_at(at: datetime) -> int | None:
        for number, (cut, silence, overlaps) in enumerate(zip(cuts, silences, overlapping, strict=True)):
            if overlaps and abs(at - cut) < timedelta(days=1):
                return number + rng.randrange(2)
            if at <= cut - silence:
                return number
            if at < cut:
                return None
        return len(cuts)

    def add(at: datetime, record: Mapping[str, Any]) -> None:
        if (number := log_at(at)) is not None:
            stamp = at.isoformat() if rng.random() < 0.7 else f"{(at + 2 * HOUR).isoformat()}+02:00"
            logs[number].append({**record, "timestamp": stamp if rng.random() < 0.95 else ""})

    for call in range(25 * len(cuts)):
        place = rng.randrange(len(cuts))
        edges = [cuts[place] - silences[place] - near for near in NEAR] + [cuts[place] + near for near in NEAR]
        inside = [cuts[place] + rng.choice([-1, 1]) * 20 * HOUR + near for near in NEAR[:4]]
        caller = rng.choice(["", *(f"+2507880000{number}" for number in range(10, 22))])
        shared = {"phone_number": caller, "session_id": rng.choice(["", f"CA{call}", f"CA{call}", f"CA{call // 4}"])}
        for at in rng.choices(rng.choice([edges, edges, inside]), k=rng.choice([1, 2, 3, 5])):
            add(at, any_record(rng, shared))
            if rng.random() < 0.1:
                far = MONTH + rng.choice([-HOUR, -SECOND, timedelta(), SECOND])
                other = shared | {"session_id": f"CB{call}", "interaction_type": "voice"}
                add(at + rng.choice([-far, far]), any_record(rng, shared) | other)
    names = [f"user_sessions_{number}.csv" for number in rng.sample(range(100), len(logs))]
    if rng.random() < 0.5:
        names[rng.randrange(len(logs))] = "user_sessions.csv"
    folders = [root / rng.choice("aab") for _ in logs]
    return {
        folder / name: rng.sample(own, len(own))
        for folder, name, own in zip(folders, names, logs.values(), strict=True)
    }


def any_record(rng: random.Random, shared: Mapping[str, Any]) -> dict[str, Any]:
    module = rng.choice(["", "", "math", "english", "debate"])
    if rng.random() < 0.5:
        return (
            INTERACTION
            | shared
            | {
                "module_name": module,
                "interaction_type": rng.choice(["voice", "voice", "voice", "sms", ""]),
                "user_input": rng.choice(TEXTS),
            }
        )
    return (
        TURN
        | shared
        | {
            "call_id": rng.choice([shared["session_id"], shared["session_id"], ""]),
            "error": rng.choice(["", "", "ASR timeout", "failed for 0788 123 456"]),
            "barge_in_triggered": rng.choice(["", True, False]),
        }
    )


@pytest.mark.parametrize("seed", range(400 if DEEP else 12))
def test_random_logs_have_the_same_rows_with_rollups_and_without(tmp_path: Path, seed: int) -> None:
    logs = any_logs(random.Random(seed), tmp_path)
    write(logs)

    rows = assert_same(sorted({path.parent for path in logs}))

    records = [record | {"log": str(path)} for path, own in logs.items() for record in own]
    assert rows["calls"] == expected_calls(records)
    turns = [(str(path), row) for path, own in logs.items() for row, record in enumerate(own, 1) if is_turn(record)]
    modules = zip(turns, expected_modules(records), strict=True)
    assert sorted((*row[-2:], *row[4:6]) for row in rows["turns"]) == sorted((*turn, *known) for turn, known in modules)


@pytest.mark.parametrize("seed", range(60 if DEEP else 4))
def test_odd_logs_have_the_same_rows_with_rollups_and_without(tmp_path: Path, seed: int) -> None:
    write_odd_logs(tmp_path, seed)

    assert_same(tmp_path)


def test_the_sample_has_the_same_rows_with_rollups_and_without(tmp_path: Path) -> None:
    shutil.copytree(SAMPLE, tmp_path, ignore=shutil.ignore_patterns(".*"), dirs_exist_ok=True)

    rows = assert_same(tmp_path)

    assert min(map(len, rows.values())) > 100
    assert_same(tmp_path, since=datetime(2026, 1, 4, 3), until=datetime(2026, 1, 8))


# Calls at the edges of logs


def test_a_call_over_midnight_in_two_logs_is_one_call(tmp_path: Path) -> None:
    one, two = tmp_path / "user_sessions_1.csv", tmp_path / "user_sessions_2.csv"
    write({one: [said("04 23:58:00"), turned("04 23:59:59")], two: [turned("05 00:00:10"), turned("05 00:01:00")]})

    rows = assert_same(tmp_path)

    assert calls_in(rows) == [("CA1", "04 23:58:00", "05 00:01:00", 3, 1)]
    assert [row[4:6] for row in rows["turns"]] == [("math", "call")] * 3


def test_a_call_between_a_rotated_log_and_the_live_one_is_one_call(tmp_path: Path) -> None:
    rotated, live = tmp_path / "user_sessions_2026-01-04.csv", tmp_path / "user_sessions.csv"
    write({rotated: [turned("04 23:59:59")], live: [said("05 00:00:10"), turned("05 00:01:00")]})

    rows = assert_same(tmp_path)

    assert calls_in(rows) == [("CA1", "04 23:59:59", "05 00:01:00", 2, 1)]
    assert [row[4:6] for row in rows["turns"]] == [("math", "call")] * 2


@pytest.mark.parametrize(
    ("second", "calls"),
    [
        ("04 13:59:59", [("CA1", "04 10:00:00", "04 13:59:59", 2, 0)]),
        ("04 14:00:00", [("CA1", "04 10:00:00", "04 10:00:00", 1, 0), ("CA1", "04 14:00:00", "04 14:00:00", 1, 0)]),
    ],
)
@pytest.mark.parametrize("logs", [1, 2])
def test_a_call_id_used_again_after_four_hours_is_another_call(
    tmp_path: Path, second: str, calls: list[object], logs: int
) -> None:
    records = [turned("04 10:00:00"), turned(second)]
    paths = [tmp_path / f"user_sessions_{number}.csv" for number in range(logs)]
    write({path: records[place::logs] for place, path in enumerate(paths)})

    assert calls_in(assert_same(tmp_path)) == calls


def test_a_third_log_joins_the_parts_of_a_call_in_two_others(tmp_path: Path) -> None:
    write(
        {
            tmp_path / "user_sessions_1.csv": [turned("04 10:00:00"), turned("04 16:00:00")],
            tmp_path / "user_sessions_2.csv": [turned("04 13:00:00", phone_number="+250788000000")],
        }
    )

    rows = assert_same(tmp_path)

    assert calls_in(rows) == [("CA1", "04 10:00:00", "04 16:00:00", 3, 0)]
    assert rows["calls"][0][1] == "+250788000000"


def test_a_record_without_an_instant_counts_for_the_first_call_of_its_id_in_its_log(tmp_path: Path) -> None:
    write(
        {
            tmp_path / "user_sessions_1.csv": [turned("04 10:00:00"), turned("04 16:00:00"), said("")],
            tmp_path / "user_sessions_2.csv": [turned("04 17:00:00"), turned("")],
            tmp_path / "user_sessions_3.csv": [turned(""), turned("", "CA2")],
        }
    )

    rows = assert_same(tmp_path)

    assert calls_in(rows) == [
        ("CA1", None, None, 1, 0),
        ("CA1", "04 10:00:00", "04 10:00:00", 1, 1),
        ("CA1", "04 16:00:00", "04 17:00:00", 3, 0),
        ("CA2", None, None, 1, 0),
    ]
    assert [row[4:6] for row in rows["turns"] if row[0] is None] == [(None, "none")] * 3


def test_the_caller_of_a_turn_is_looked_up_in_logs_of_30_days(tmp_path: Path) -> None:
    turn = turned("31 10:00:00", "CA2")
    path = tmp_path / "user_sessions_1.csv"
    write({tmp_path / "user_sessions_2.csv": [turn], path: [said("01 10:00:01")]})
    assert [row[4:6] for row in assert_same(tmp_path)["turns"]] == [("math", "caller")]

    write({path: [said("01 10:00:00")]})

    assert [row[4:6] for row in assert_same(tmp_path)["turns"]] == [(None, "none")]


def test_a_mention_of_the_call_in_another_log_counts_before_a_nearer_one_of_the_caller(tmp_path: Path) -> None:
    one, two = tmp_path / "user_sessions_1.csv", tmp_path / "user_sessions_2.csv"
    write({one: [said("04 22:00:00", "CA2"), turned("04 23:00:00")], two: [said("05 01:00:00", "CA1", "english")]})

    assert [row[4:6] for row in assert_same(tmp_path)["turns"]] == [("english", "call")]


# What rollups are read


def with_two_days(folder: Path) -> tuple[Path, Path]:
    """Write logs of two days, each with a closed call, and a call over the midnight between them."""
    one, two = folder / "user_sessions_1.csv", folder / "user_sessions_2.csv"
    write(
        {
            one: [said("04 10:00:00", "CA1"), turned("04 10:00:05", "CA1"), turned("04 23:59:00", "CA2")],
            two: [turned("05 00:00:30", "CA2"), turned("05 15:00:00", "CA3", phone_number="+250788000003")],
        }
    )
    return one, two


def mark(folder: Path, kind: str, replacement: str) -> None:
    """Replace a column in all rollups of a kind, so that rows read from them differ from rows read from records."""
    with connect(folder, settings=Settings.model_construct()) as con:
        for path in Cache(folder).folder.glob(f"*.{kind}.parquet"):
            con.execute(f"copy (select * replace ({replacement}) from '{path}') to '{path}' (format parquet)")


def test_a_closed_call_is_read_from_its_rollup_and_an_open_one_is_merged(tmp_path: Path) -> None:
    with_two_days(tmp_path)
    refresh(tmp_path)
    mark(tmp_path, "calls", "turns + 100 as turns")

    rows = rows_of(tmp_path)

    assert calls_in(rows) == [
        ("CA1", "04 10:00:00", "04 10:00:05", 101, 1),
        ("CA2", "04 23:59:00", "05 00:00:30", 202, 0),
        ("CA3", "05 15:00:00", "05 15:00:00", 101, 0),
    ]


def test_the_module_of_a_turn_is_read_from_its_rollup_unless_another_log_could_change_it(tmp_path: Path) -> None:
    with_two_days(tmp_path)
    refresh(tmp_path)
    mark(tmp_path, "turns", "'marked' as module_name")

    modules = {(row[2], f"{row[0]:%H:%M}"): row[4:6] for row in rows_of(tmp_path)["turns"]}

    assert modules == {
        ("CA1", "10:00"): ("marked", "call"),
        ("CA2", "23:59"): ("math", "caller"),
        ("CA2", "00:00"): ("math", "caller"),
        ("CA3", "15:00"): (None, "none"),
    }


def ranges_without_others(folder: Path) -> dict[str, list[datetime]]:
    """Return for each log the range of instants in which no other log has a record."""
    with connect(folder, settings=Settings.model_construct()) as con:
        rows = con.execute("select source_file, others_until, others_since from internal.calls_by_log").fetchall()
    return {Path(file).name: ends for file, *ends in rows}


def test_the_range_of_a_log_ends_at_the_nearest_records_of_other_logs(tmp_path: Path) -> None:
    one, two = with_two_days(tmp_path)
    refresh(tmp_path)

    ranges = ranges_without_others(tmp_path)

    assert ranges[one.name][1] == datetime(2026, 1, 5, 0, 0, 30)
    assert ranges[two.name][0] == datetime(2026, 1, 4, 23, 59)


def test_a_copy_of_a_log_does_not_open_its_calls(tmp_path: Path) -> None:
    one, _ = with_two_days(tmp_path)
    refresh(tmp_path)
    before = ranges_without_others(tmp_path)

    (tmp_path / "user_sessions_1.csv.gz").write_bytes(gzip.compress(one.read_bytes()))

    assert_same(tmp_path)
    assert ranges_without_others(tmp_path) == before


def test_rollups_exclude_deleted_logs(tmp_path: Path) -> None:
    one, _ = with_two_days(tmp_path)
    refresh(tmp_path)
    one.unlink()

    rows = rows_of(tmp_path)

    assert [call for call, *_ in rows["calls"]] == ["CA2", "CA3"]
    assert len(rows["turns"]) == 2
    assert rows == rows_of(tmp_path, mirror=False)


def test_rollups_of_an_edited_log_are_written_again(tmp_path: Path) -> None:
    one, _ = with_two_days(tmp_path)
    refresh(tmp_path)
    one.write_bytes(one.read_bytes().replace(b"CA1", b"CA9"))

    assert [call for call, *_ in rows_of(tmp_path)["calls"]] == ["CA2", "CA3", "CA9"]
    assert refresh(tmp_path).built == 1
    assert_same(tmp_path)


@pytest.mark.parametrize("kind", KINDS)
def test_records_are_read_where_a_rollup_is_missing_or_unfinished(tmp_path: Path, kind: str) -> None:
    with_two_days(tmp_path)
    plain = assert_same(tmp_path)
    path = rollup_files(tmp_path)[kind]
    path.with_name(f"{path.name}.digest").unlink()
    path.write_bytes(path.read_bytes()[:-10])  # as a process leaves it that was killed before it wrote the digest file

    assert rows_of(tmp_path) == plain
    assert refresh(tmp_path).built == 1
    assert rows_of(tmp_path) == plain
    path.unlink()
    assert rows_of(tmp_path) == plain


def test_a_log_has_a_rollup_of_each_kind_with_a_digest_file(tmp_path: Path) -> None:
    with_two_days(tmp_path)

    assert refresh(tmp_path).built == 2
    assert refresh(tmp_path).built == 0
    assert sorted(rollup_files(tmp_path)) == sorted(KINDS)
    assert {f"{path.name}.digest" for path in Cache(tmp_path).folder.glob("*.parquet")} == {
        path.name for path in Cache(tmp_path).folder.glob("*.digest")
    }
    assert sorted(path.name for path in tmp_path.iterdir()) == ["user_sessions_1.csv", "user_sessions_2.csv"]


def test_rollups_of_several_folders_are_in_their_own_caches(tmp_path: Path) -> None:
    folders = [tmp_path / "a", tmp_path / "b"]
    write(
        {
            folders[0] / "user_sessions_1.csv": [said("04 23:59:00"), turned("04 23:59:30")],
            folders[1] / "user_sessions_1.csv": [turned("05 00:00:30")],
        }
    )

    rows = assert_same(folders)

    assert calls_in(rows) == [("CA1", "04 23:59:00", "05 00:00:30", 2, 1)]
    assert all(sorted(rollup_files(folder)) == sorted(KINDS) for folder in folders)
    assert calls_in(rows_of(folders[1])) == [("CA1", "05 00:00:30", "05 00:00:30", 1, 0)]


# The names of rollups


@pytest.fixture
def sql_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the SQL files, which the project then uses."""
    copy = shutil.copytree(resource_folder("sql"), tmp_path / "sql")
    monkeypatch.setattr(sql_files, "resource_folder", lambda _: copy)
    rollups._sql_digests.cache_clear()
    yield copy
    rollups._sql_digests.cache_clear()


@pytest.mark.parametrize(
    ("edited", "kinds"),
    [
        ("internal/turns_with_modules.sql", {"turns"}),
        ("views/calls.sql", {"calls"}),
        ("internal/callers_from_records.sql", {"callers"}),
        ("internal/mentions_from_records.sql", {"mention_days", "mentions", "turns"}),
        ("internal/activity_from_records.sql", {"activity"}),
        ("functions/quarter_of.sql", {"activity"}),
        ("functions/has_phone_number.sql", {"personal_data"}),
        ("functions/blank.sql", {"calls", "turns"}),
        ("metrics", set()),
        ("views/module_usage.sql", set()),
    ],
)
def test_editing_a_view_renames_the_rollups_that_it_is_part_of(sql_copy: Path, edited: str, kinds: set[str]) -> None:
    before = rollups._sql_digests()
    files = [sql_copy / edited] if edited.endswith(".sql") else list((sql_copy / edited).rglob("*.sql"))
    assert files
    for path in files:
        path.write_text(path.read_text() + "-- edited\n")

    rollups._sql_digests.cache_clear()
    after = rollups._sql_digests()

    assert {kind for kind in KINDS if before[kind] != after[kind]} == kinds


def test_an_edited_view_is_read_from_records_until_the_next_refresh(tmp_path: Path, sql_copy: Path) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    with_two_days(folder)
    refresh(folder)
    view = sql_copy / "internal" / "callers_from_records.sql"
    view.write_text(view.read_text().replace("    phone_number,\n", "    phone_number || '!' as phone_number,\n"))
    rollups._sql_digests.cache_clear()

    assert {row[0][-1] for row in rows_of(folder)["callers"]} == {"!"}
    assert refresh(folder).built == 2
    assert {row[0][-1] for row in rows_of(folder)["callers"]} == {"!"}


@pytest.mark.parametrize("odd", ["290309-12-22 (BC) 00:00:00", "infinity", "-infinity", "0000-01-01"])
def test_an_instant_outside_the_years_1_to_9999_is_null_and_listed(tmp_path: Path, odd: str) -> None:
    at = {"timestamp": odd}
    write(
        {tmp_path / "user_sessions_1.csv": [said("04 10:00:00"), said("04 10:00:00") | at, turned("04 10:00:05") | at]}
    )

    rows = assert_same(tmp_path)

    assert [(None, None)] == [(row[0], row[4]) for row in rows["turns"]]  # its instant, its module
    con = connect(tmp_path, settings=Settings.model_construct())
    assert [(2, 2)] == con.execute("select undated, bad_cells from ingest_totals").fetchall()
    assert [(odd,), (odd,)] == con.execute("select value from ingest_cells").fetchall()
