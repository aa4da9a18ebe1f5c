"""When callers were active, by quarters of an hour."""

from datetime import datetime

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


def test_a_quarter_of_an_hour_counts_the_records_of_a_caller(given):
    records = [kind | {"timestamp": at, "phone_number": phone} for kind, at, phone in RECORDS]
    con = given.records(*records, layout=31)

    found = con.sql(
        "select phone_number, quarter_at, first_at, records, turns from internal.activity_by_log order by first_at"
    )

    assert ALL == found.fetchall()
