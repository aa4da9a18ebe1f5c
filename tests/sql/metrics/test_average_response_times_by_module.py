from datetime import datetime, timedelta

from bakame_duck import metric

NOON = datetime(2026, 1, 4, 12)


def test_zeros_count_in_the_averages_as_in_the_specification(given):
    con = given.turns(
        ("2026-01-04 10:00:00", "math", {"asr_ms": 0.0, "total_ms": 2000.0}),
        ("2026-01-04 11:00:00", "english", {"asr_ms": 400.0, "total_ms": 2400.0}),
    )

    rows = metric(con, "average_response_times_by_module", as_of=NOON).fetchall()

    assert rows == [("metrics", 200.0, 1500.0, 500.0, 2200.0, 2)]


def test_a_day_before_as_of_is_looked_at_and_its_first_instant_belongs_to_it(given):
    con = given.turns(("2026-01-03 11:59:59", "math"), ("2026-01-03 12:00:00", "math"), ("2026-01-04 12:00:01", "math"))

    def turns(**span):
        return [row[-1] for row in metric(con, "average_response_times_by_module", **span).fetchall()]

    assert turns(as_of=NOON) == [1]
    assert turns(as_of=NOON, lookback=timedelta(days=2)) == [2]
    assert turns() == []
