"""What is kept beside the mirrors, put together, is what a look at all records gives."""

import os
import random
import time
from datetime import datetime, timedelta

import pytest

from bakame_duck import connect, hold
from bakame_duck.cache import NAME, is_whole_parquet
from bakame_duck.catalog.holding import prepare
from bakame_duck.errors import CacheError
from bakame_duck.ingest.mirror import refresh
from bakame_duck.settings import Settings
from bakame_duck.sql_files import with_used_sql
from tests.conftest import INTERACTION, TURN, as_csv, cells
from tests.sql.views.test_turn_modules import NOON, any_record

DAYS = (0, 5, 6, 20)  # after NOON's: one near the turns in question on either side, and one far off
ASKED = {"since": NOON + timedelta(days=4), "until": NOON + timedelta(days=6, hours=12)}


def write_logs(given, seed, live=False, days=DAYS):
    """Write two logs of each day, in which calls and callers stand alike; the last of them can still be written to."""
    rng = random.Random(seed)
    for day in days:
        records = [on_day(any_record(rng), day) for _ in range(300)]
        if rng.random() < 0.5:  # in the order of time, so that calls stand in both only where they go on
            records.sort(key=lambda record: record["timestamp"])
        for number, half in enumerate((records[:150], records[150:])):
            name = "user_sessions.csv" if live and (day, number) == (6, 1) else f"user_sessions_{day}_{number}.csv"
            given.file(as_csv(*(cells(record, 31) for record in half)), name)


def on_day(record, day):
    """Return *record* so many days later; no call lasts so long, but callers come back."""
    at = record["timestamp"] and (datetime.fromisoformat(record["timestamp"]) + timedelta(days=day)).isoformat()
    calls = {name: f"{record[name]}-{day}" for name in ("session_id", "call_id") if record.get(name)}
    return record | {"timestamp": at} | calls


def told(con):
    """Return the turns and calls of the time that is asked for, and all callers."""
    in_time = f"between timestamp '{ASKED['since']}' and timestamp '{ASKED['until']}' order by all"
    return {
        "turns": con.execute(f"from turns where turn_at {in_time}").fetchall(),
        "calls": con.execute(f"from calls where started_at {in_time}").fetchall(),
        "callers": con.execute("from callers order by all").fetchall(),
    }


def parts(given, pattern="*.parquet"):
    return sorted((given.folder / NAME / "parts").glob(pattern))


@pytest.mark.parametrize("live", [False, True])
@pytest.mark.parametrize("seed", range(8))
def test_what_is_held_of_many_logs_is_what_all_records_say(given, seed, live):
    write_logs(given, seed, live)
    plain = given.connect(mirror=False)
    refresh(given.folder)
    held = given.connect(mirror=True)

    hold(held, **ASKED)

    assert told(held) == told(plain)
    assert {source for *_, source in held.execute("select distinct module_source from turns").fetchall()} == {
        "call",
        "caller",
        "none",
    }
    assert len(parts(given)) > 0


MONTHS = (-95, -93, -60, -58, -57, 5, 6, 40, 42, 75, 77, 110)  # days after NOON's, several of most months


def merged(given):
    return sorted((given.folder / NAME / "parts" / "months").glob("*"))


@pytest.mark.parametrize("again", [False, True], ids=["first", "again"])
@pytest.mark.parametrize("seed", range(4))
def test_what_is_held_of_many_months_is_what_all_records_say(given, seed, again):
    write_logs(given, seed, days=MONTHS)
    plain = given.connect(mirror=False)
    refresh(given.folder)
    if again:
        hold(given.connect(mirror=True), **ASKED)
    before = [path.stat().st_mtime_ns for path in merged(given)]
    held = given.connect(mirror=True)

    hold(held, **ASKED)

    assert told(held) == told(plain)
    kinds = [path.name.split(".")[1] for path in merged(given)]
    assert {"callers", "outermost_mentions"} == set(kinds)
    assert len(kinds) > 4
    assert before in ([], [path.stat().st_mtime_ns for path in merged(given)])


def test_a_month_that_is_torn_is_put_together_again(given):
    write_logs(given, 1, days=MONTHS)
    plain = given.connect(mirror=False)
    refresh(given.folder)
    hold(given.connect(mirror=True), **ASKED)
    whole = merged(given)
    for number, path in enumerate(whole):
        with path.open("r+b") as stream:
            stream.truncate(path.stat().st_size * (number % 3) // 3)

    held = given.connect(mirror=True)
    hold(held, **ASKED)

    assert told(held) == told(plain)
    assert [path for path in merged(given) if is_whole_parquet(str(path))] == whole


def test_where_no_month_can_be_put_together_its_logs_are_asked(given):
    write_logs(given, 1, days=MONTHS)
    plain = given.connect(mirror=False)
    refresh(given.folder)
    prepare(given.connect(mirror=True), **ASKED)
    (given.folder / NAME / "parts" / "months").write_text("no folder", encoding="utf-8")
    held = given.connect(mirror=True)

    hold(held, **ASKED)

    assert told(held) == told(plain)


def test_months_that_were_put_together_long_ago_are_removed(given):
    write_logs(given, 1, days=MONTHS)
    refresh(given.folder)
    hold(given.connect(mirror=True), **ASKED)
    old, *others = merged(given)
    season = time.time() - 91 * 86_400
    os.utime(old, (season, season))

    refresh(given.folder)

    assert merged(given) == others != []


def test_of_a_log_that_is_gone_no_month_tells(given):
    write_logs(given, 1, days=MONTHS)
    refresh(given.folder)
    hold(given.connect(mirror=True), **ASKED)
    (given.folder / "user_sessions_-95_0.csv").unlink()
    for path in parts(given):
        os.utime(path, (time.time() - 7200,) * 2)

    refresh(given.folder)

    assert [] == merged(given)
    plain, held = (given.connect(mirror=mirror) for mirror in (False, True))
    hold(held, **ASKED)
    assert told(held) == told(plain)


def test_months_lie_beside_the_logs_that_they_tell_of(given, tmp_path_factory):
    folders = [given.folder, tmp_path_factory.mktemp("other logs")]
    write_logs(given, 1, days=MONTHS)
    for path in list(given.folder.glob("user_sessions_*_1.csv")):
        path.rename(folders[1] / path.name)
    plain = connect(folders, settings=Settings.model_construct(), mirror=False)
    refresh(folders)
    held = connect(folders, settings=Settings.model_construct(), mirror=True)

    hold(held, **ASKED)

    assert told(held) == told(plain)
    for folder in folders:
        kept = (folder / NAME / "parts" / "months").glob("*.callers.parquet")
        names = f"select distinct phone_number from read_parquet({[str(path) for path in kept]})"
        there = f"select phone_number from user_sessions where starts_with(source_file, '{folder}/')"
        assert plain.execute(names).fetchall() != []
        assert plain.execute(f"{names} except {there}").fetchall() == []
    (gone,) = folders[1].glob("user_sessions_-95_1.csv")
    gone.unlink()
    for path in (folders[1] / NAME / "parts").glob("*.parquet"):
        os.utime(path, (time.time() - 7200,) * 2)
    refresh(folders)
    assert [True, False] == [any((folder / NAME / "parts" / "months").iterdir()) for folder in folders]


def test_turns_of_the_live_log_find_what_their_callers_told_in_others(given):
    told = [INTERACTION | {"timestamp": f"2026-01-0{day}T10:00:00", "module_name": f"day {day}"} for day in (1, 2)]
    given.file(as_csv(*(cells(record, 31) for record in told)), "user_sessions_1.csv")
    turn = TURN | {"timestamp": "2026-01-20T10:00:00", "call_id": "CA0002", "session_id": "CA0002"}
    given.file(as_csv(cells(turn, 31)), "user_sessions.csv")
    refresh(given.folder)
    held = given.connect(mirror=True)

    hold(held, since=datetime(2026, 1, 20), until=datetime(2026, 1, 21))

    assert held.execute("select module_name, module_source from turns").fetchall() == [("day 2", "caller")]


def test_only_logs_near_the_time_are_summed_up_whole(given):
    write_logs(given, 1)
    refresh(given.folder)
    hold(given.connect(mirror=True), **ASKED)

    assert [len(parts(given, f"*.{view}.parquet")) for view in ("callers", "outermost_mentions")] == [8, 8]
    assert [len(parts(given, f"*.{view}.parquet")) for view in ("turns", "calls", "calls_with_modules")] == [4, 4, 4]


def test_parts_are_made_once(given):
    write_logs(given, 1)
    refresh(given.folder)
    done = []
    prepare(given.connect(mirror=True), **ASKED, progress=lambda *numbers: done.append(numbers))
    before = [path.stat() for path in parts(given)]

    hold(given.connect(mirror=True), **ASKED)

    assert done == [(number, 8) for number in range(1, 9)]
    assert [path.stat().st_mtime_ns for path in parts(given)] == [status.st_mtime_ns for status in before]


def test_a_torn_part_is_made_again(given):
    write_logs(given, 1)
    plain = given.connect(mirror=False)
    refresh(given.folder)
    hold(given.connect(mirror=True), **ASKED)
    whole = {path: path.stat().st_size for path in parts(given)}
    for number, path in enumerate(whole):
        with path.open("r+b") as stream:
            stream.truncate(whole[path] * (number % 3) // 3)

    held = given.connect(mirror=True)
    hold(held, **ASKED)

    assert told(held) == told(plain)
    assert {path for path in parts(given) if is_whole_parquet(str(path))} == set(whole)


def test_where_no_part_can_be_written_the_records_are_read(given):
    write_logs(given, 1)
    plain = given.connect(mirror=False)
    refresh(given.folder)
    (given.folder / NAME / "parts").write_text("no folder", encoding="utf-8")
    held = given.connect(mirror=True)

    hold(held, **ASKED)

    assert told(held) == told(plain)
    with pytest.raises(CacheError, match="cannot be written") as caught:
        prepare(held, **ASKED)
    assert caught.value.hint


def test_parts_of_logs_that_are_gone_are_removed(given):
    write_logs(given, 1)
    refresh(given.folder)
    hold(given.connect(mirror=True), **ASKED)
    (given.folder / "user_sessions_5_0.csv").unlink()
    make_older(given, timedelta(hours=2))

    refresh(given.folder)

    assert [len(parts(given, f"*.{view}.parquet")) for view in ("callers", "turns")] == [7, 3]


def test_what_no_report_of_these_weeks_asks_for_is_removed(given):
    write_logs(given, 1)
    refresh(given.folder)
    hold(given.connect(mirror=True), **ASKED)
    make_older(given, timedelta(days=91))

    refresh(given.folder)

    assert {path.name.split(".")[1] for path in parts(given)} == {"callers", "outermost_mentions"}
    assert len(parts(given)) == 16


def make_older(given, age):
    for path in parts(given):
        at = path.stat().st_mtime - age.total_seconds()
        os.utime(path, (at, at))


def test_a_part_is_named_after_the_sql_that_makes_it_and_no_other():
    texts = with_used_sql(["turns", "callers"])

    assert "create or replace macro error_stage_of" in texts["turns"]
    assert "create or replace view module_mentions" in texts["turns"]
    assert "create or replace view turns" not in texts["callers"]
    assert not any("create or replace macro objectives_report" in text for text in texts.values())
