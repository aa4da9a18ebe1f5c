from datetime import datetime

import pytest

from bakame_duck import metric

FIRST, SECOND = "+250788000001", "+250788000002"


def test_turns_calls_callers_and_errors_are_counted(given):
    con = given.turns(
        ("2026-01-04 10:00:00", "math", {"call_id": "CA1", "phone_number": FIRST}),
        ("2026-01-04 10:00:10", "math", {"call_id": "CA1", "phone_number": FIRST, "error": "ASR timeout"}),
        ("2026-01-04 11:00:00", "math", {"call_id": "CA2", "phone_number": SECOND}),
        ("2026-01-04 12:00:00", None, {"call_id": "CA3", "phone_number": SECOND}),
    )

    assert metric(con, "activity").fetchall() == [(4, 1, 3, 2, 2, 1, 25.0, 0, 4 / 3, 1.5)]


def test_a_caller_is_new_in_the_range_of_the_first_record_and_returns_in_later_ones(given):
    con = given.turns(
        ("2026-01-03 10:00:00", "math", {"phone_number": FIRST}),
        ("2026-01-04 10:00:00", "math", {"phone_number": FIRST}),
        ("2026-01-04 11:00:00", "math", {"phone_number": SECOND}),
    )

    rows = metric(con, "activity", since=datetime(2026, 1, 4)).fetchall()

    assert rows == [(2, 1, 2, 2, 1, 0, 0.0, 1, 1.0, 1.0)]


def test_a_range_without_turns_has_no_rates(given):
    con = given.turns(("2026-01-04 10:00:00", "math"))

    assert metric(con, "activity", until=datetime(2026, 1, 4)).fetchall() == [(0, 0, 0, 0, 0, 0, None, 0, None, None)]


def test_a_call_without_a_turn_counts_as_in_calls_per_day(given):
    con = given.records({"timestamp": "2026-01-04 10:00:00", "session_id": "CA1"})

    row = metric(con, "activity").pl().row(0, named=True)

    assert (row["calls"], row["turns"]) == (1, 0)
    assert [1] == metric(con, "calls_per_day").pl()["calls"].to_list()


@pytest.mark.parametrize("since", ["10:00:00", "10:07:30", "10:14:59", "10:15:00", "10:30:00"])
@pytest.mark.parametrize("until", ["10:07:00", "10:15:00", "10:29:59", "10:45:00"])
def test_a_range_can_begin_and_end_at_any_instant(given, since, until):
    times = ["10:00:00", "10:07:00", "10:07:30", "10:14:59", "10:15:00", "10:20:00", "10:29:59", "10:30:00"]
    con = given.turns(
        *((f"2026-01-04 {time}", "math", {"phone_number": f"+25078800000{i}"}) for i, time in enumerate(times))
    )

    span = {name: datetime.fromisoformat(f"2026-01-04T{time}") for name, time in (("since", since), ("until", until))}
    row = metric(con, "activity", **span).pl().row(0, named=True)

    inside = [time for time in times if since <= time < until]
    assert [len(inside)] * 3 == [row["turns"], row["callers"], row["new_callers"]]
