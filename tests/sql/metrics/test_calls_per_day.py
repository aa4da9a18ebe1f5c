from datetime import date

from bakame_duck import metric


def test_a_call_belongs_to_the_day_on_which_it_started(given):
    con = given.turns(
        ("2026-01-04 23:59:00", "math", {"call_id": "CA1", "error": "ASR timeout", "barge_in_triggered": True}),
        ("2026-01-05 00:01:00", "math", {"call_id": "CA1"}),
        ("2026-01-05 10:00:00", "math", {"call_id": "CA2"}),
        ("2026-01-05 11:00:00", "math", {"call_id": "CA3", "phone_number": "+250788000002"}),
    )

    assert metric(con, "calls_per_day").fetchall() == [
        (date(2026, 1, 4), 1, 1, 2, 2.0, 1, 1, 120.0),
        (date(2026, 1, 5), 2, 2, 2, 1.0, 0, 0, 0.0),
    ]


def test_days_are_cut_in_the_time_zone(given):
    con = given.turns(("2026-01-04 21:59:59", "math"), ("2026-01-04 22:00:00", "math"))

    rows = metric(con, "calls_per_day", timezone="Africa/Kigali").fetchall()

    assert [row[:2] for row in rows] == [(date(2026, 1, 4), 1), (date(2026, 1, 5), 1)]
