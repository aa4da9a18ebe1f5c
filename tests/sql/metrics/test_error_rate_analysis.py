from datetime import date, datetime

import pytest

from bakame_duck import metric

AS_OF = datetime(2026, 1, 5, 12)


def test_every_record_counts_and_days_are_those_of_utc(given):
    con = given.records(
        {"timestamp": "2026-01-05T01:00:00+02:00", "error": "ASR timeout"},
        {"timestamp": "2026-01-04T23:59:59"},
        {"timestamp": "2026-01-05T00:00:00", "error": ""},
    )

    rows = metric(con, "error_rate_analysis", as_of=AS_OF).fetchall()

    assert rows == [(date(2026, 1, 5), 0, 1, 0.0), (date(2026, 1, 4), 1, 2, 50.0)]


@pytest.mark.parametrize(
    ("errors", "records", "percent"), [(1, 3, 33.33), (2, 3, 66.67), (1, 800, 0.13), (1, 32, 3.13)]
)
def test_the_rate_is_rounded_half_up_to_two_digits(given, errors, records, percent):
    con = given.records(*({"error": "x" if number < errors else ""} for number in range(records)))

    rows = metric(con, "error_rate_analysis", as_of=AS_OF).fetchall()

    assert rows == [(date(2026, 1, 4), errors, records, percent)]
