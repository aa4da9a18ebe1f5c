from datetime import date, datetime, timedelta

import pytest

from bakame_duck import metric

START = datetime(2026, 1, 4, 10)


def minutes(*at, status="healthy"):
    return [(str(START + timedelta(minutes=minute)), status) for minute in at]


def test_a_service_that_always_answers_is_up_all_the_time(given):
    con = given.health_checks(*minutes(0, 1, 2, 3))

    assert metric(con, "availability").fetchall() == [(date(2026, 1, 4), 4, 4, 4.0, 4.0, 100.0, 100.0, 0, 0)]


def test_a_silence_counts_as_downtime(given):
    con = given.health_checks(*minutes(0, 1, 2, 3, 13, 14))

    rows = metric(con, "availability").fetchall()

    assert rows == [(date(2026, 1, 4), 6, 6, 15.0, 6.0, pytest.approx(40.0), 100.0, 0, 0)]


def test_an_unhealthy_answer_is_up_but_not_healthy(given):
    con = given.health_checks(*minutes(0, 1), *minutes(2, 3, status="unhealthy"))

    assert metric(con, "availability").fetchall() == [(date(2026, 1, 4), 4, 2, 4.0, 4.0, 100.0, 50.0, 0, 0)]


def test_a_silence_that_began_before_the_range_counts_inside_it(given):
    con = given.health_checks(*minutes(0, 1, 2, 22, 23))

    rows = metric(
        con, "availability", since=START + timedelta(minutes=12), until=START + timedelta(minutes=24)
    ).fetchall()

    assert rows == [(date(2026, 1, 4), 2, 2, 12.0, 2.0, pytest.approx(100 / 6), 100.0, 0, 0)]


def test_without_checks_and_turns_there_is_no_row(given):
    given.records({})

    assert metric(given.connect(), "availability").fetchall() == []


def test_days_are_cut_in_the_time_zone(given):
    con = given.health_checks(("2026-01-04 21:59:00", "healthy"), ("2026-01-04 22:00:00", "healthy"))

    def days(**zone):
        return [(row[0].day, row[1]) for row in metric(con, "availability", **zone).fetchall()]

    assert days() == [(4, 2)]
    assert days(timezone="Africa/Kigali") == [(4, 1), (5, 1)]


def test_a_silence_over_midnights_is_shared_out_to_its_days(given):
    evening = [(f"2026-01-04 23:{minute}:00", "healthy") for minute in (20, 30, 40, 50)]
    con = given.health_checks(*evening, ("2026-01-07 00:10:00", "healthy"))

    rows = [row[:5] for row in metric(con, "availability").fetchall()]

    assert rows == [
        (date(2026, 1, 4), 4, 4, 40.0, 40.0),
        (date(2026, 1, 5), 0, 0, 1440.0, 0.0),
        (date(2026, 1, 6), 0, 0, 1440.0, 0.0),
        (date(2026, 1, 7), 1, 1, 20.0, 10.0),
    ]


def test_a_log_of_checks_that_lies_there_twice_counts_once(given):
    given.health_checks(*minutes(0, 1, 2, 3))
    (log,) = given.folder.glob("health_checks*.jsonl")
    (given.folder / "health_checks_copy.jsonl").write_bytes(log.read_bytes())

    assert metric(given.connect(), "availability").fetchall() == [
        (date(2026, 1, 4), 4, 4, 4.0, 4.0, 100.0, 100.0, 0, 0)
    ]


def test_an_answer_that_is_not_utf_8_is_a_line_without_a_meaning(given):
    given.health_checks(*minutes(0, 1, 2, 3))
    (log,) = given.folder.glob("health_checks*.jsonl")
    log.write_bytes(log.read_bytes() + b"<html>Erreur r\xe9seau</html>\n")
    con = given.connect()

    assert [(None, "<html>Erreur r\ufffdseau</html>")] == con.execute(
        "select status, line from health_checks where checked_at is null"
    ).fetchall()
    assert [4] == metric(con, "availability").pl()["checks"].to_list()


FAILED = {"error": "LLM timeout"}


def windows(con, **arguments):
    rows = metric(con, "availability", **arguments).select("day", "windows", "windows_with_success").fetchall()
    return [(day.day, *counts) for day, *counts in rows]


def test_a_window_with_one_successful_turn_counts_as_successful(given):
    con = given.turns(
        ("2026-01-04 10:00:00", "math", FAILED),
        ("2026-01-04 10:04:59.999", "math"),
        ("2026-01-04 10:05:00", "math", FAILED),
        ("2026-01-04 10:09:59", "math", FAILED),
        ("2026-01-04 10:30:00", "math"),
    )

    assert [(4, 3, 2)] == windows(con)


def test_interactions_and_turns_outside_the_range_make_no_window(given):
    given.turns(("2026-01-04 10:00:00", "math", FAILED), ("2026-01-04 11:00:00", "math"))
    con = given.records({"timestamp": "2026-01-04T12:00:00"}, name="user_sessions_2026-01-05.csv")

    assert [(4, 2, 1)] == windows(con)
    assert [(4, 1, 1)] == windows(con, since=datetime(2026, 1, 4, 10, 1))


def test_a_day_with_turns_and_no_checks_has_no_uptime(given):
    given.health_checks(*minutes(0, 1))
    con = given.turns(("2026-01-04 10:00:00", None), ("2026-01-05 21:59:00", None), ("2026-01-05 22:00:00", None))

    assert [
        (date(2026, 1, 4), 2, 2, 2.0, 2.0, 100.0, 100.0, 1, 1),
        (date(2026, 1, 5), 0, 0, 0.0, 0.0, None, None, 1, 1),
        (date(2026, 1, 6), 0, 0, 0.0, 0.0, None, None, 1, 1),
    ] == metric(con, "availability", timezone="Africa/Kigali").fetchall()
