from datetime import date, datetime

import pytest

from bakame_duck.errors import PeriodError, UsageError
from bakame_duck.timespan import (
    Period,
    check_timezone,
    choose_week,
    days_of,
    newest_weeks,
    parse_days,
    parse_week,
    period_between,
    require_records,
)
from tests.conftest import Given

KIGALI = "Africa/Kigali"


def record_at(*instants: str) -> list[dict[str, str]]:
    return [{"timestamp": instant} for instant in instants]


def test_a_week_in_kigali_starts_and_ends_at_22_00_utc():
    week = parse_week("2026-W03", KIGALI)

    assert (date(2026, 1, 12), date(2026, 1, 18)) == (week.first, week.last)
    assert (datetime(2026, 1, 11, 22), datetime(2026, 1, 18, 22)) == (week.since, week.until)


@pytest.mark.parametrize(
    ("text", "label", "first", "last"),
    [
        ("2026-W01", "2026-W01", date(2025, 12, 29), date(2026, 1, 4)),
        ("2025-W01", "2025-W01", date(2024, 12, 30), date(2025, 1, 5)),
        ("2020-W53", "2020-W53", date(2020, 12, 28), date(2021, 1, 3)),
        ("2026-W53", "2026-W53", date(2026, 12, 28), date(2027, 1, 3)),
        ("2024-W52", "2024-W52", date(2024, 12, 23), date(2024, 12, 29)),
        ("2026W03", "2026-W03", date(2026, 1, 12), date(2026, 1, 18)),
        ("2026-w3", "2026-W03", date(2026, 1, 12), date(2026, 1, 18)),
        (" 2026-W03 ", "2026-W03", date(2026, 1, 12), date(2026, 1, 18)),
    ],
)
def test_weeks_are_those_of_iso_8601(text, label, first, last):
    assert Period(label, first, last, "UTC") == parse_week(text, "UTC")


@pytest.mark.parametrize(
    "text",
    ["2026-W99", "2026-W00", "2025-W53", "2024-W53", "nonsense", "", "2026-03", "0000-W01", "9999-W52", "2026-W03-1"],
)
def test_a_week_that_is_none_is_refused(text):
    with pytest.raises(PeriodError, match="There is no week") as refused:
        parse_week(text, KIGALI)

    assert "2026-W03" in refused.value.hint


def test_a_week_in_which_clocks_change_is_an_hour_shorter():
    week = parse_week("2026-W13", "Europe/Berlin")

    assert (datetime(2026, 3, 22, 23), datetime(2026, 3, 29, 22)) == (week.since, week.until)


@pytest.mark.parametrize("name", ["Africa/Kigali", "UTC", "Europe/Berlin"])
def test_a_time_zone_is_known(name):
    assert name == check_timezone(name)


@pytest.mark.parametrize("name", ["Mars/Olympus", "", "../../etc/passwd", "/etc/localtime", "Africa", "a\0b"])
def test_a_time_zone_that_is_none_is_refused(name):
    with pytest.raises(UsageError, match="There is no time zone"):
        check_timezone(name)


@pytest.mark.parametrize(
    ("instants", "label"),
    [
        # the newest week has begun
        (["2026-01-05T10:00:00", "2026-01-14T10:00:00", "2026-01-19T10:00:00"], "2026-W03"),
        # it may still go on
        (["2026-01-05T10:00:00", "2026-01-14T10:00:00", "2026-01-18T21:59:59"], "2026-W02"),
        # Monday, midnight in Kigali
        (["2026-01-05T10:00:00", "2026-01-18T21:59:59", "2026-01-18T22:00:00"], "2026-W03"),
        # over the turn of the year
        (["2025-12-20T10:00:00", "2025-12-31T10:00:00", "2026-01-05T10:00:00"], "2026-W01"),
        # in no order
        (["2026-01-19T10:00:00", "2026-01-14T10:00:00", "2026-01-05T10:00:00"], "2026-W03"),
    ],
)
def test_the_latest_week_is_the_newest_whole_one(given, instants, label):
    con = given.records(*record_at(*instants))

    assert label == choose_week(con, "latest", KIGALI).label


@pytest.mark.parametrize(
    ("instants", "label"),
    [
        (["2026-01-05T10:00:00", "2026-01-19T10:00:00"], "2026-W02"),  # one week lies between
        (["2025-11-05T10:00:00", "2025-12-20T10:00:00", "2026-01-19T10:00:00"], "2025-W51"),  # four weeks
        (["2026-01-04T21:59:59", "2026-01-18T22:00:00"], "2026-W01"),  # Sunday and Monday in Kigali
    ],
)
def test_the_latest_week_is_none_without_a_record(given, instants, label):
    con = given.records(*record_at(*instants))

    assert label == choose_week(con, "latest", KIGALI).label


@pytest.mark.parametrize("first", ["2026-01-12T10:00:00", "2026-01-11T22:00:00"])
def test_the_latest_week_of_logs_that_hold_a_single_part_of_one_is_that_one(given, first):
    con = given.records(*record_at(first, "2026-01-14T10:00:00"))

    assert choose_week(con, "latest", KIGALI).label == "2026-W03"


def test_the_latest_week_may_be_one_that_the_logs_begin_in(given):
    con = given.records(*record_at("2026-01-11T21:59:59", "2026-01-14T10:00:00"))

    assert choose_week(con, "latest", KIGALI).label == "2026-W02"


@pytest.mark.parametrize(
    ("files", "label"),
    [
        ([["2026-01-04T10:00:00", "2026-01-05T10:00:00"], ["2026-01-19T10:00:00"]], "2026-W02"),  # one ends, one begins
        ([["2026-01-05T10:00:00"], ["2026-01-17T10:00:00", "2026-01-19T10:00:00"]], "2026-W03"),  # one lies in both
        ([["2025-12-05T10:00:00", "2026-01-19T10:00:00"], ["2025-12-24T10:00:00"]], "2025-W52"),  # over all others
        ([["2025-12-05T10:00:00", "2025-12-30T10:00:00", "2026-01-19T10:00:00"], ["2025-12-24T10:00:00"]], "2026-W01"),
        ([["2026-01-12T10:00:00"], ["2026-01-12T10:00:00"], ["2026-01-19T10:00:00"]], "2026-W03"),  # a duplicate
    ],
)
def test_the_latest_week_is_found_over_several_files(given, files, label):
    for number, instants in enumerate(files):
        given.records(*record_at(*instants), name=f"user_sessions_{number}.csv")

    con = given.connect()

    assert label == choose_week(con, "latest", KIGALI).label
    assert label == newest_weeks(con, 1, KIGALI)[0].label


def test_the_latest_week_depends_on_the_time_zone(given):
    con = given.records(*record_at("2026-01-05T10:00:00", "2026-01-14T10:00:00", "2026-01-18T23:00:00"))

    assert ["2026-W03", "2026-W02"] == [choose_week(con, "latest", zone).label for zone in (KIGALI, "UTC")]


def test_a_week_without_records_is_refused_and_the_logs_span_told(given):
    con = given.records(*record_at("2026-01-05T10:00:00", "2026-01-18T23:00:00"))

    with pytest.raises(PeriodError, match="The logs have no record in 2020-W01") as refused:
        choose_week(con, "2020-W01", KIGALI)

    assert refused.value.hint == "They cover 2026-W02 to 2026-W04."


@pytest.mark.parametrize(("instant", "found"), [("2026-01-18T21:59:59.999999", True), ("2026-01-18T22:00:00", False)])
def test_a_week_ends_before_the_next_begins(given, instant, found):
    con = given.records(*record_at("2025-01-01T00:00:00", instant))

    try:
        chosen = choose_week(con, "2026-W03", KIGALI).label
    except PeriodError:
        chosen = None

    assert chosen == ("2026-W03" if found else None)


@pytest.mark.parametrize("week", ["latest", "2026-W03"])
def test_logs_without_a_record_have_no_week(given: Given, week):
    con = given.health_checks(("2026-01-12 10:00:00", "healthy"))

    with pytest.raises(PeriodError, match="The logs hold no record with a usable timestamp"):
        choose_week(con, week, KIGALI)


def test_days_end_before_until(given):
    con = given.records(*record_at("2025-12-31T21:59:59"))

    days = require_records(con, parse_days("2025-12-22", "2026-01-01", KIGALI))

    assert Period("2025-12-22-to-2025-12-31", date(2025, 12, 22), date(2025, 12, 31), KIGALI) == days
    assert (datetime(2025, 12, 21, 22), datetime(2025, 12, 31, 22)) == (days.since, days.until)
    assert days.title == "Monday 22 to Wednesday 31 December 2025"


def test_a_single_day_is_named_once(given):
    con = given.records(*record_at("2026-01-15T10:00:00"))

    day = require_records(con, parse_days("2026-01-15", "2026-01-16", KIGALI))

    assert Period("2026-01-15", date(2026, 1, 15), date(2026, 1, 15), KIGALI) == day
    assert (datetime(2026, 1, 14, 22), datetime(2026, 1, 15, 22)) == (day.since, day.until)
    assert day.title == "Thursday 15 January 2026"


@pytest.mark.parametrize(
    ("since", "until", "timezone", "days"),
    [
        (datetime(2026, 1, 30, 22), datetime(2026, 2, 1, 22), KIGALI, [date(2026, 1, 31), date(2026, 2, 1)]),
        (datetime(2026, 1, 14, 22), datetime(2026, 1, 15, 22), KIGALI, [date(2026, 1, 15)]),
        (datetime(2026, 1, 15), datetime(2026, 1, 17), "UTC", [date(2026, 1, 15), date(2026, 1, 16)]),
        (datetime(2026, 1, 15, 5), datetime(2026, 1, 16, 5), "America/New_York", [date(2026, 1, 15)]),
        (datetime(2026, 1, 14, 22), datetime(2026, 1, 14, 22), KIGALI, []),
    ],
)
def test_the_days_of_a_span_are_those_of_the_time_zone(since, until, timezone, days):
    assert days == days_of(since, until, timezone)


@pytest.mark.parametrize("week", ["2026-W03", "2026-W13", "2026-W43"])  # the clocks change in the last two
def test_a_week_has_seven_days(week):
    period = parse_week(week, "Europe/Berlin")

    days = days_of(period.since, period.until, "Europe/Berlin")

    assert (period.first, period.last, 7) == (days[0], days[-1], len(set(days)))


@pytest.mark.parametrize(
    ("since", "until", "told"),
    [
        ("2026-01-12", "2026-01-12", "is not after"),
        ("2026-01-12", "2026-01-10", "is not after"),
        ("yesterday", "2026-01-10", "is not a day"),
        ("2026-01-12", "2026-02-30", "is not a day"),
        ("", "", "is not a day"),
        ("2026-01-12T10:00:00", "2026-01-13", "is not a day"),
        ("2020-01-01", "2020-01-02", "no record in 2020-01-01"),
        ("2020-01-01", "2020-01-03", "no record in 2020-01-01-to-2020-01-02"),
        ("0001-01-01", "2026-01-13", "leaves the calendar"),
        ("2026-01-01", "9999-12-31", None),
    ],
)
def test_days_that_are_none_or_without_a_record_are_refused(given, since, until, told):
    con = given.records(*record_at("2026-01-12T10:00:00"))

    try:
        refused = require_records(con, parse_days(since, until, KIGALI)) and None
    except PeriodError as error:
        refused = str(error)

    assert (refused is None) if told is None else (told in refused)


@pytest.mark.parametrize(
    ("weeks", "labels"),
    [(1, ["2026-W03"]), (2, ["2026-W01", "2026-W03"]), (9, ["2025-W51", "2026-W01", "2026-W03"])],
)
def test_the_newest_weeks_are_whole_ones_with_records_oldest_first(given: Given, weeks, labels):
    con = given.records(
        *record_at("2025-12-16T10:00:00", "2026-01-01T10:00:00", "2026-01-14T10:00:00", "2026-01-19T10:00:00")
    )

    assert labels == [week.label for week in newest_weeks(con, weeks, KIGALI)]


def test_logs_of_one_week_have_one_newest_week(given: Given):
    con = given.records(*record_at("2026-01-14T10:00:00"))

    assert ["2026-W03"] == [week.label for week in newest_weeks(con, 4, KIGALI)]


@pytest.mark.parametrize(
    ("period", "before"),
    [
        (parse_week("2026-W01", KIGALI), parse_week("2025-W52", KIGALI)),
        (parse_week("2026-W14", "Europe/Berlin"), parse_week("2026-W13", "Europe/Berlin")),
        (
            Period("2026-01-10-to-2026-01-12", date(2026, 1, 10), date(2026, 1, 12), KIGALI),
            Period("2026-01-07-to-2026-01-09", date(2026, 1, 7), date(2026, 1, 9), KIGALI),
        ),
        (
            Period("2026-01-10", date(2026, 1, 10), date(2026, 1, 10), KIGALI),
            Period("2026-01-09", date(2026, 1, 9), date(2026, 1, 9), KIGALI),
        ),
    ],
)
def test_before_a_period_are_as_many_days(period, before):
    assert before == period.before


@pytest.mark.parametrize("week", ["2026-W01", "2026-W13"])
def test_a_week_is_known_by_its_instants(week):
    period = parse_week(week, "Europe/Berlin")

    assert period == period_between(period.since, period.until, "Europe/Berlin")
