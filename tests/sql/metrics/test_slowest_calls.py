from datetime import datetime

from bakame_duck import metric
from bakame_duck.settings import Objectives

FIRST, SECOND = "+250788000001", "+250788000002"


def turn(call, at, total, module="math", **columns):
    return (f"2026-01-04 {at}", module, {"call_id": call, "total_ms": total} | columns)


def test_the_slowest_calls_come_turn_by_turn(given):
    con = given.turns(
        turn("CA1", "10:00:00", 3500.0, turn=1, phone_number=FIRST),
        turn("CA1", "10:00:20", 2000.0, turn=2, phone_number=FIRST, error="TTS timeout"),
        turn("CA2", "11:00:00", 3200.0, turn=1, phone_number=SECOND, module="english"),
        turn("CA2", "11:00:30.5", 3400.0, turn=2, phone_number=SECOND, module="english"),
    )

    stages = (300.0, 1500.0, 500.0)
    ten, eleven = datetime(2026, 1, 4, 10), datetime(2026, 1, 4, 11)
    assert metric(con, "slowest_calls").fetchall() == [
        (1, "CA2", SECOND, eleven, 600.0, 1, eleven, 0.0, *stages, 900.0, 3200.0, None, "english"),
        (
            *(1, "CA2", SECOND, eleven, 600.0, 2, datetime(2026, 1, 4, 11, 0, 30, 500000), 30.5),
            *(*stages, 1100.0, 3400.0, None, "english"),
        ),
        (2, "CA1", FIRST, ten, 500.0, 1, ten, 0.0, *stages, 1200.0, 3500.0, None, "math"),
        (2, "CA1", FIRST, ten, 500.0, 2, ten.replace(second=20), 20.0, *stages, -300.0, 2000.0, "tts", "math"),
    ]


def calls(con, **arguments):
    rows = metric(con, "slowest_calls", **arguments).pl()
    return rows.select("place", "call_id", "waited_ms").unique(maintain_order=True).rows()


def test_calls_that_waited_as_long_come_by_their_id_and_no_more_than_asked_for(given):
    con = given.turns(*(turn(f"CA{number}", "10:00:00", 4000.0) for number in (3, 1, 2)))

    assert calls(con, max_calls=2) == [(1, "CA1", 1000.0), (2, "CA2", 1000.0)]


def test_a_call_without_a_turn_over_the_target_is_not_slow(given):
    con = given.turns(turn("CA1", "10:00:00", 3000.0), turn("CA2", "10:00:00", 0.0))

    assert calls(con) == []


def test_a_call_belongs_to_the_range_in_which_it_starts_and_counts_whole(given):
    con = given.turns(
        turn("CA1", "09:59:59", 4000.0),
        turn("CA1", "10:00:10", 4000.0),
        turn("CA2", "10:59:59", 4000.0),
        turn("CA2", "11:00:10", 4000.0),
        turn("CA3", "11:00:00", 4000.0),
    )

    rows = calls(con, since=datetime(2026, 1, 4, 10), until=datetime(2026, 1, 4, 11))

    assert rows == [(1, "CA2", 2000.0)]


def test_the_target_is_that_of_the_settings(given):
    given.turns(turn("CA1", "10:00:00", 2500.0))
    con = given.connect(objectives=Objectives(total_latency=2000))

    assert calls(con) == [(1, "CA1", 500.0)]
