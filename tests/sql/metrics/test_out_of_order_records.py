import random
from datetime import datetime, timedelta
from itertools import accumulate
from operator import sub

import pytest

from bakame_duck import metric
from bakame_duck.catalog.rollups import refresh


def file(given, *clock, name="user_sessions_2026-01-04.csv"):
    return given.records(*({"timestamp": f"2026-01-04T{at}"} for at in clock), name=name)


def test_records_behind_later_ones_are_counted_by_file(given):
    file(given, "10:00:00", "11:00:00", "10:30:00", "10:49:59", "11:00:01", "10:50:00")
    con = file(given, "12:00:00", "12:30:00", "12:19:59", name="user_sessions_2026-01-05.csv")

    assert metric(con, "out_of_order_records").fetchall() == [
        (str(given.folder / "user_sessions_2026-01-04.csv"), 3, 1800.0, 3),
        (str(given.folder / "user_sessions_2026-01-05.csv"), 1, 601.0, 3),
    ]


def test_a_record_as_late_as_the_tolerance_is_not_late(given):
    con = file(given, "10:10:00", "10:00:00", "09:59:59.5")

    def late(**tolerance):
        return [row[1:] for row in metric(con, "out_of_order_records", **tolerance).fetchall()]

    assert late() == [(1, 600.5, 3)]
    assert late(tolerance=timedelta(minutes=11)) == []
    assert late(tolerance="5 minutes") == [(2, 600.5, 2)]


def test_a_record_is_not_late_for_what_stands_in_another_file(given):
    file(given, "12:00:00")
    con = file(given, "10:00:00", name="user_sessions_2026-01-05.csv")

    assert metric(con, "out_of_order_records").fetchall() == []


def test_only_records_of_the_range_are_counted_though_later_ones_stand_before_them(given):
    con = file(given, "08:00:00", "13:00:00", "09:00:00", "10:00:00", "12:00:00", "11:00:00")

    rows = metric(
        con, "out_of_order_records", since=datetime(2026, 1, 4, 10), until=datetime(2026, 1, 4, 12)
    ).fetchall()

    assert [row[1:] for row in rows] == [(2, 10800.0, 4)]


def test_a_record_without_an_instant_is_neither_late_nor_makes_others_late(given):
    con = given.records({"timestamp": "10:00"}, {"timestamp": "infinity"}, {"timestamp": "2026-01-04T10:00:00"})

    assert metric(con, "out_of_order_records").fetchall() == []


@pytest.mark.parametrize("seed", range(4))
def test_long_files_have_the_late_records_that_a_walk_through_them_finds(given, seed):
    rng = random.Random(seed)
    midnight = datetime(2026, 1, 4)
    seconds = [n * 20 - rng.choice([0] * 30 + [300, 900, 9000]) for n in range(500, 2500)]
    con = file(given, *(str((midnight + timedelta(seconds=second)).time()) for second in seconds))

    (row,) = metric(con, "out_of_order_records").fetchall()

    latest = accumulate(seconds, max)
    late = [(n, by) for n, by in enumerate(map(sub, latest, seconds), start=1) if by > 600]
    assert row[1:] == (len(late), max(by for _, by in late), late[0][0])


def test_instants_farther_apart_than_an_interval_is_long_are_no_error(given):
    instants = ["290309-12-22 (BC) 00:00:00", "2026-01-04T10:00:00", "2026-01-04T09:00:00", "294247-01-10 04:00:54"]
    con = given.records(*({"timestamp": at} for at in instants))

    assert [row[1:] for row in metric(con, "out_of_order_records").fetchall()] == [(1, 3600.0, 3)]


def test_late_records_are_found_in_the_mirror_too(given):
    file(given, "10:00:00", "11:00:00", "10:30:00")
    file(given, "12:00:00", name="user_sessions.csv")
    refresh(given.folder)

    assert [row[1:] for row in metric(given.connect(), "out_of_order_records").fetchall()] == [(1, 1800.0, 3)]
