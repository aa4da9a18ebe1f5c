from datetime import date, datetime, timedelta

import pytest

from bakame_duck.settings import Objectives

MONDAY = datetime(2026, 1, 5)
NEXT = MONDAY + timedelta(days=7)


def checks(start, number, status="healthy"):
    return [(str(start + timedelta(minutes=minute)), status) for minute in range(number)]


def rows_of(con, **arguments):
    """Return the rows in the order of weeks and objectives."""
    call = ", ".join(f"{name} := ${name}" for name in arguments)
    return con.sql(
        f"""
        select measurements.*
        from internal.objective_measurements({call}) as measurements
        inner join objectives on measurements.objective = objectives.objective
        order by measurements.period_start, objectives.position
        """,
        params=arguments,
    ).fetchall()


def measurements(con, **arguments):
    """Return the rows by week and objective, without these two."""
    return {(week, objective): others for week, objective, *others in rows_of(con, **arguments)}


def test_every_objective_is_measured_week_by_week(given):
    given.health_checks(*checks(MONDAY, 9), (str(MONDAY + timedelta(minutes=9)), "unhealthy"))
    con = given.turns(
        ("2026-01-05 10:00:00", None, {"asr_ms": 300.0}),
        ("2026-01-05 10:01:00", None, {"asr_ms": 700.0, "error": "TTS failed"}),
        ("2026-01-12 10:00:00", None, {"asr_ms": 400.0}),
    )

    found = rows_of(con)

    first, second = date(2026, 1, 5), date(2026, 1, 12)
    assert found == [
        (first, "asr_latency", 680.0, 2, 1.0, 2.0, 0.05),
        (first, "llm_latency", 1500.0, 2, 0.0, 2.0, 0.05),
        (first, "tts_latency", 500.0, 2, 0.0, 2.0, 0.05),
        (first, "total_latency", 2300.0, 2, 0.0, 2.0, 0.05),
        (first, "error_rate", 50.0, 2, 1.0, 2.0, 0.05),
        (first, "asr_error_rate", 0.0, 2, 0.0, 2.0, 0.02),
        (first, "llm_error_rate", 0.0, 2, 0.0, 2.0, 0.03),
        (first, "tts_error_rate", 50.0, 2, 1.0, 2.0, 0.01),
        (first, "uptime", 100.0, 10, 0.0, 10.0, pytest.approx(0.005)),
        (first, "health_checks", 90.0, 10, 1.0, 10.0, pytest.approx(0.01)),
        (second, "asr_latency", 400.0, 1, 0.0, 1.0, 0.05),
        (second, "llm_latency", 1500.0, 1, 0.0, 1.0, 0.05),
        (second, "tts_latency", 500.0, 1, 0.0, 1.0, 0.05),
        (second, "total_latency", 2300.0, 1, 0.0, 1.0, 0.05),
        (second, "error_rate", 0.0, 1, 0.0, 1.0, 0.05),
        (second, "asr_error_rate", 0.0, 1, 0.0, 1.0, 0.02),
        (second, "llm_error_rate", 0.0, 1, 0.0, 1.0, 0.03),
        (second, "tts_error_rate", 0.0, 1, 0.0, 1.0, 0.01),
    ]


def test_the_whole_range_is_measured_from_its_turns_not_from_its_weeks(given_turns):
    con = given_turns(
        *((str(MONDAY + timedelta(minutes=n)), {"asr_ms": 100.0}) for n in range(20)),
        (str(NEXT), {"asr_ms": 900.0, "error": "ASR timeout"}),
    )

    weeks, whole = measurements(con), measurements(con, each="all")

    assert whole[None, "asr_latency"] == [100.0, 21, 1.0, 21.0, 0.05]
    assert whole[None, "asr_error_rate"] == [pytest.approx(100 / 21), 21, 1.0, 21.0, 0.02]
    assert {week for week, _ in whole} == {None}
    for objective in ("asr_latency", "asr_error_rate", "error_rate"):
        turns = [others[1:4] for (_, name), others in weeks.items() if name == objective]
        assert [sum(column) for column in zip(*turns, strict=True)] == whole[None, objective][1:4]


def test_a_turn_at_its_target_is_bad(given_turns):
    con = given_turns(*(("2026-01-05 10:00:00", {"llm_ms": ms}) for ms in (1999.9, 2000.0, 2000.1)))

    assert measurements(con, each="all")[None, "llm_latency"][1:] == [3, 2.0, 3.0, 0.05]


def test_a_turn_that_failed_before_its_stage_could_be_timed_has_reached_it(given_turns):
    con = given_turns(
        ("2026-01-05 10:00:00", {}),
        ("2026-01-05 10:00:00", {"llm_ms": 0.0, "tts_ms": 0.0, "error": "LLM refused"}),
        ("2026-01-05 10:00:00", {"tts_ms": 0.0}),
    )

    found = measurements(con, each="all")

    assert found[None, "llm_latency"][1] == 2
    assert found[None, "llm_error_rate"][:4] == [pytest.approx(100 / 3), 3, 1.0, 3.0]
    assert found[None, "tts_error_rate"][:4] == [0.0, 1, 0.0, 1.0]


def test_uptime_is_of_minutes_and_health_of_checks(given):
    late = MONDAY + timedelta(minutes=30)
    given.health_checks(*checks(MONDAY, 11), *checks(late, 10, "unhealthy"))

    found = measurements(given.connect(), each="all")

    assert found[None, "uptime"] == [52.5, 21, 19.0, 40.0, pytest.approx(0.005)]
    assert found[None, "health_checks"] == [pytest.approx(100 * 11 / 21), 21, 10.0, 21.0, pytest.approx(0.01)]


def test_a_week_of_silence_was_down_without_a_single_check(given):
    given.health_checks(*checks(MONDAY, 60), *checks(MONDAY + timedelta(days=14), 60))

    found = measurements(given.connect())

    assert found[date(2026, 1, 12), "uptime"][:4] == [0.0, 0, 10080.0, 10080.0]
    assert (date(2026, 1, 12), "health_checks") not in found


def test_a_single_check_tells_health_and_no_uptime(given):
    given.health_checks((str(MONDAY), "healthy"))

    assert [objective for _, objective in measurements(given.connect())] == ["health_checks"]


def test_weeks_are_cut_in_the_time_zone(given):
    given.health_checks(*checks(datetime(2026, 1, 11, 21, 50), 20))
    con = given.turns(("2026-01-11 21:59:59", None), ("2026-01-11 22:00:00", None), ("2026-01-11 22:00:01", None))

    found = measurements(con, timezone="Africa/Kigali")

    for objective, before, after in (("total_latency", 1, 2), ("uptime", 10, 10), ("health_checks", 10, 10)):
        assert found[date(2026, 1, 5), objective][1] == before
        assert found[date(2026, 1, 12), objective][1] == after


def test_only_the_half_open_range_is_measured(given_turns):
    con = given_turns(*((str(at), {}) for at in (MONDAY - timedelta(seconds=1), MONDAY, NEXT)))

    found = measurements(con, since=MONDAY, until=NEXT)

    assert {week for week, _ in found} == {date(2026, 1, 5)}
    assert found[date(2026, 1, 5), "error_rate"][1] == 1


def test_weeks_without_records_are_absent(given_turns):
    con = given_turns((str(MONDAY), {}), (str(MONDAY + timedelta(days=21)), {}))

    assert {week for week, _ in measurements(con)} == {date(2026, 1, 5), date(2026, 1, 26)}
    assert measurements(con, since=NEXT, until=NEXT + timedelta(days=7)) == {}
    assert measurements(con, since=NEXT, until=NEXT + timedelta(days=7), each="all") == {}


def test_the_shares_that_may_be_bad_are_those_of_the_settings(given):
    given.health_checks(*checks(MONDAY, 10))
    given.turns((str(MONDAY), None))
    con = given.connect(objectives=Objectives(asr_latency=200, error_rate=10, uptime=75, health_checks=50))

    found = measurements(con, each="all")

    assert found[None, "asr_latency"][2:] == [1.0, 1.0, 0.05]
    assert [found[None, name][-1] for name in ("error_rate", "uptime", "health_checks")] == [0.1, 0.25, 0.5]
