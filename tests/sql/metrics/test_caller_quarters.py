"""When callers were active: by quarters of an hour that begin in the range."""

from datetime import datetime

import pytest

from bakame_duck import metric
from tests.conftest import INTERACTION, TURN

RECORDS = [
    (INTERACTION, "2026-01-04T10:14:59.999999", "+250788000001"),
    (TURN, "2026-01-04T10:15:00", "+250788000001"),
    (INTERACTION, "2026-01-04T10:29:59", "+250788000001"),
    (TURN, "2026-01-04T10:20:00", ""),
    (INTERACTION | {"interaction_type": "sms"}, "2026-01-04T10:30:00", "+250788000002"),
    (INTERACTION, "", "+250788000003"),
]
BEFORE, QUARTER, AFTER = (datetime(2026, 1, 4, 10, minute) for minute in (0, 15, 30))
ALL = [
    ("+250788000001", BEFORE, datetime(2026, 1, 4, 10, 14, 59, 999999), 1, 0),
    ("+250788000001", QUARTER, QUARTER, 2, 1),
    (None, QUARTER, datetime(2026, 1, 4, 10, 20), 1, 1),
    ("+250788000002", AFTER, AFTER, 1, 0),
]


@pytest.mark.parametrize(
    ("span", "expected"),
    [
        ({}, ALL),
        ({"since": QUARTER}, ALL[1:]),
        ({"until": AFTER}, ALL[:3]),
        # A quarter is told whole, or not at all.
        ({"since": datetime(2026, 1, 4, 10, 16)}, ALL[3:]),
        ({"until": datetime(2026, 1, 4, 10, 16)}, ALL[:3]),
    ],
)
def test_a_quarter_of_an_hour_counts_the_records_of_a_caller(given, span, expected):
    records = [kind | {"timestamp": at, "phone_number": phone} for kind, at, phone in RECORDS]
    con = given.records(*records, layout=31)

    assert sorted(metric(con, "caller_quarters", **span).fetchall(), key=str) == sorted(expected, key=str)
