from datetime import datetime, timedelta

import pytest

from bakame_duck import metric
from bakame_duck.catalog.template import connect_empty

START = datetime(2026, 1, 4, 10)
MONDAY = datetime(2026, 3, 2)
UNTIL = datetime(2026, 3, 9)


def turns(number, **columns):
    return [(str(START + timedelta(seconds=second)), "math", columns) for second in range(number)]


def checks(number, status="healthy"):
    return [(str(START + timedelta(minutes=minute)), status) for minute in range(number)]


def report(con, **span):
    rows = metric(con, "objectives_report", **span)
    place = {name: rows.columns.index(name) for name in ("objective", "measured", "turns", "status")}
    return {
        row[place["objective"]]: tuple(row[place[name]] for name in ("measured", "turns", "status"))
        for row in rows.fetchall()
    }


def test_nothing_is_measured_without_records(given):
    given.records({})

    found = report(given.connect())

    assert len(found) == 10
    assert set(found.values()) == {(None, 0, "not measured")}


def test_objectives_are_met_with_enough_good_turns_and_checks(given):
    given.health_checks(*checks(800))
    con = given.turns(*turns(400))

    assert report(con) == {
        "asr_latency": (300.0, 400, "met"),
        "llm_latency": (1500.0, 400, "met"),
        "tts_latency": (500.0, 400, "met"),
        "total_latency": (2300.0, 400, "met"),
        "error_rate": (0.0, 400, "met"),
        "asr_error_rate": (0.0, 400, "met"),
        "llm_error_rate": (0.0, 400, "met"),
        "tts_error_rate": (0.0, 400, "met"),
        "uptime": (100.0, 800, "met"),
        "health_checks": (100.0, 800, "met"),
    }


def test_objectives_are_breached_by_enough_bad_turns_and_checks(given):
    silence = [(str(START + timedelta(days=1, minutes=minute)), "unhealthy") for minute in range(800)]
    given.health_checks(*checks(800), *silence)
    slow = {"asr_ms": 600.0, "llm_ms": 2500.0, "tts_ms": 900.0, "total_ms": 4000.0}
    messages = ("ASR timeout", "openai rate limit", "TTS failed")
    bad = [
        (at, module, columns | {"error": messages[n % 3]}) for n, (at, module, columns) in enumerate(turns(400, **slow))
    ]
    con = given.turns(*bad)

    found = report(con)

    assert {status for _, _, status in found.values()} == {"breached"}
    assert found["asr_latency"][:2] == (600.0, 400)
    assert found["error_rate"][:2] == (100.0, 400)
    assert found["tts_error_rate"][:2] == (133 / 4, 400)
    assert found["health_checks"][:2] == (50.0, 1600)


def test_a_latency_at_its_target_is_not_below_it(given):
    con = given.turns(*turns(72, asr_ms=500.0))

    assert report(con)["asr_latency"] == (500.0, 72, "breached")


def test_a_value_from_too_few_turns_says_so(given):
    con = given.turns(*turns(71))

    found = report(con)

    assert found["asr_latency"] == (300.0, 71, "too few")
    assert found["error_rate"] == (0.0, 71, "too few")
    assert found["uptime"] == (None, 0, "not measured")


def test_a_stage_that_never_ran_is_not_measured_while_the_others_are(given):
    con = given.turns(*turns(400, tts_ms=0.0))

    found = report(con)

    assert found["tts_latency"] == (None, 0, "not measured")
    assert found["tts_error_rate"] == (None, 0, "not measured")
    assert found["llm_latency"][2] == "met"


def test_only_turns_of_the_span_count(given):
    con = given.turns(*turns(100), ("2026-01-05 10:00:00", "math", {"asr_ms": 9000.0}))

    assert report(con, until=datetime(2026, 1, 5))["asr_latency"] == (300.0, 100, "met")
    assert report(con, since=datetime(2026, 1, 5))["asr_latency"] == (9000.0, 1, "too few")


def budgets(con, **arguments):
    rows = metric(con, "objectives_report", **arguments).select(
        "objective", "burn_rate", "used_percent", "used_lookback_percent", "days_with_data"
    )
    return {objective: tuple(others) for objective, *others in rows.fetchall()}


@pytest.mark.parametrize(
    ("hours", "failed_of_25", "burn_rate", "used"),
    [(1, 18, 14.4, 2), (6, 7.5, 6, 5), (72, 1.25, 1, 10)],
)
def test_the_worked_example_of_the_site_reliability_workbook_chapter_5(hours, failed_of_25, burn_rate, used):
    """Burn rates of 14.4 over an hour, 6 over 6 hours and 1 over 3 days use 2, 5 and 10 % of 30 days' budget."""
    con = connect_empty()
    con.execute(
        """
        create table given_turns as
        select
            $until - interval 30 days + to_seconds(cast(number * 144 as bigint)) as turn_at,
            case when 30 * 24 * 25 - number <= $failed then 'llm' end as error_stage,
            1.0 as asr_ms, 1.0 as llm_ms, 1.0 as tts_ms, 1.0 as total_ms
        from range(30 * 24 * 25) as numbers(number)
        """,
        {"until": UNTIL, "failed": failed_of_25 * hours},
    )
    con.execute("create or replace view internal.turn_timings as from given_turns")

    found = budgets(con, since=UNTIL - timedelta(hours=hours), until=UNTIL, lookback="30 days")

    assert found["error_rate"] == (pytest.approx(burn_rate), pytest.approx(used), pytest.approx(used), 30)


def failing_turns(start, number, bad, **columns):
    """Return *number* turns, one a second, the first *bad* of them with an LLM error."""
    errors = [{"error": "LLM failed"}] * bad + [{}] * (number - bad)
    return [(str(start + timedelta(seconds=n)), columns | error) for n, error in enumerate(errors)]


def test_the_week_and_the_lookback_use_the_same_budget(given_turns):
    con = given_turns(*failing_turns(MONDAY - timedelta(days=7), 300, 12), *failing_turns(MONDAY, 100, 5))

    found = budgets(con, since=MONDAY, until=UNTIL)

    # 3 % of 400 turns may fail in the LLM: 12.
    assert found["llm_error_rate"] == pytest.approx((5 / 3, 100 * 5 / 12, 100 * 17 / 12, 2))
    assert found["tts_error_rate"] == (0.0, 0.0, 0.0, 2)


def test_latencies_and_health_checks_have_budgets_too(given):
    given.health_checks(
        *((str(MONDAY + timedelta(minutes=n)), "healthy" if n else "unhealthy") for n in range(1000)),
        *((str(MONDAY + timedelta(minutes=n)), "healthy") for n in range(1001, 1011)),
    )
    con = given.turns(*((str(MONDAY), None, {"tts_ms": 800.0 if n < 5 else 100.0}) for n in range(100)))

    found = budgets(con, since=MONDAY, until=UNTIL)

    assert found["tts_latency"] == pytest.approx((1, 100, 100, 1))
    assert found["health_checks"][:3] == pytest.approx((100 / 1010, 10000 / 1010, 10000 / 1010))
    # One minute of 1,011 was down; a health check of every minute would have stood at 1,000.
    assert found["uptime"][0] == pytest.approx(200 / 1011)


def test_what_lies_before_the_lookback_is_no_part_of_the_budget(given_turns):
    edge = UNTIL - timedelta(days=28)
    con = given_turns(
        *failing_turns(edge - timedelta(seconds=50), 50, 50),
        *failing_turns(edge, 100, 1),
        *failing_turns(UNTIL, 10, 10),
    )

    assert budgets(con, since=MONDAY, until=UNTIL)["error_rate"] == (None, None, pytest.approx(20), 1)
    assert budgets(con, since=MONDAY, until=UNTIL, lookback="29 days")["error_rate"][2:] == (
        pytest.approx(100 * 51 / 7.5),
        2,
    )


def test_a_day_with_several_turns_counts_once(given_turns):
    con = given_turns(*failing_turns(MONDAY, 3, 0), *failing_turns(MONDAY + timedelta(days=3), 3, 0))

    assert {days for *_, days in budgets(con, since=MONDAY, until=UNTIL).values()} == {2}


def test_without_a_range_the_budget_is_that_of_all_turns(given_turns):
    con = given_turns(*failing_turns(MONDAY - timedelta(days=300), 100, 0), *failing_turns(MONDAY, 100, 5))

    assert budgets(con)["error_rate"] == pytest.approx((0.5, 50, 50, 2))


def test_without_turns_no_budget_was_used(given):
    assert set(budgets(given.records({})).values()) == {(None, None, None, 0)}
