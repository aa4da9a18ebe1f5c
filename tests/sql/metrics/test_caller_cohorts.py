from datetime import date, datetime, timedelta

import pytest

from bakame_duck import metric

MONDAY = datetime(2025, 12, 29)
WEEK = timedelta(weeks=1)


def sms(caller, at):
    return {"timestamp": at.isoformat(), "phone_number": f"+25078{caller:07}", "interaction_type": "sms"}


def test_two_cohorts_are_the_retention_table_of_fader_and_hardie(given):
    # Fader and Hardie (2007), How to Project Customer Retention, Table 1 (data of Berry and Linoff 2004): of 1,000
    # customers each, those who are still there after so many periods.
    regular = (1000, 631, 468, 382, 326, 289, 262, 241)
    high_end = (1000, 869, 743, 653, 593, 551, 517)
    con = given.records(
        *(sms(caller, MONDAY + later * WEEK) for later, count in enumerate(regular) for caller in range(count)),
        *(
            sms(caller + 1000, MONDAY + later * WEEK)
            for later, count in enumerate(high_end, 1)
            for caller in range(count)
        ),
    )

    rows = metric(con, "caller_cohorts", until=MONDAY + 8 * WEEK).fetchall()

    assert rows == [
        (first.date(), (first + later * WEEK).date(), later, 1000, count, pytest.approx(count / 10))
        for first, cohort in ((MONDAY, regular), (MONDAY + WEEK, high_end))
        for later, count in enumerate(cohort)
    ]


def test_a_week_in_which_nobody_of_a_cohort_came_has_a_row(given):
    con = given.records(sms(1, MONDAY), sms(1, MONDAY + 2 * WEEK), sms(2, MONDAY + 2 * WEEK))

    rows = metric(con, "caller_cohorts", until=MONDAY + 4 * WEEK).fetchall()

    assert [row[2:] for row in rows] == [
        (0, 1, 1, 100.0),
        (1, 1, 0, 0.0),
        (2, 1, 1, 100.0),
        (3, 1, 0, 0.0),
        (0, 1, 1, 100.0),
        (1, 1, 0, 0.0),
    ]
    assert {row[0] for row in rows} == {MONDAY.date(), (MONDAY + 2 * WEEK).date()}


def test_a_caller_of_before_the_weeks_belongs_to_none_of_their_cohorts(given):
    con = given.records(sms(1, MONDAY - timedelta(seconds=1)), sms(1, MONDAY), sms(2, MONDAY))

    rows = metric(con, "caller_cohorts", until=MONDAY + WEEK, weeks=1).fetchall()

    assert rows == [(MONDAY.date(), MONDAY.date(), 0, 1, 1, 100.0)]


def test_weeks_are_cut_in_the_time_zone(given):
    con = given.records(sms(1, MONDAY - timedelta(hours=2, seconds=1)), sms(2, MONDAY - timedelta(hours=2)))

    rows = metric(con, "caller_cohorts", timezone="Africa/Kigali").fetchall()

    assert [(row[0], row[1], row[4]) for row in rows] == [
        (date(2025, 12, 22), date(2025, 12, 22), 1),
        (date(2025, 12, 22), date(2025, 12, 29), 0),
        (date(2025, 12, 29), date(2025, 12, 29), 1),
    ]


def test_a_week_that_is_not_over_at_until_is_left_out(given):
    con = given.records(sms(1, MONDAY), sms(2, MONDAY + WEEK))

    rows = metric(con, "caller_cohorts", until=date(2026, 1, 11)).fetchall()

    assert [row[:2] for row in rows] == [(MONDAY.date(), MONDAY.date())]


def test_records_without_a_number_are_nobodys(given):
    con = given.records(sms(1, MONDAY), sms(1, MONDAY) | {"phone_number": ""})

    assert [row[3] for row in metric(con, "caller_cohorts").fetchall()] == [1]
