from datetime import datetime, timedelta

import pytest

from bakame_duck import metric
from bakame_duck.catalog.connection import connect_empty

MONDAY = datetime(2026, 3, 2)
UNTIL = datetime(2026, 3, 9)


def budgets(con, **arguments):
    rows = metric(con, "error_budgets", **arguments)
    assert rows.columns == ["objective", "burn_rate", "used_percent", "used_lookback_percent", "days_with_data"]
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
        create temp table turns as
        select
            $until - interval 30 days + to_seconds(cast(number * 144 as bigint)) as turn_at,
            case when 30 * 24 * 25 - number <= $failed then 'llm' end as error_stage,
            1.0 as asr_ms, 1.0 as llm_ms, 1.0 as tts_ms, 1.0 as total_ms
        from range(30 * 24 * 25) as numbers(number)
        """,
        {"until": UNTIL, "failed": failed_of_25 * hours},
    )

    found = budgets(con, since=UNTIL - timedelta(hours=hours), until=UNTIL, lookback="30 days")

    assert found["error_rate"] == (pytest.approx(burn_rate), pytest.approx(used), pytest.approx(used), 30)


def turns(start, number, bad, **columns):
    """Return *number* turns, one a second, the first *bad* of them with an LLM error."""
    errors = [{"error": "LLM failed"}] * bad + [{}] * (number - bad)
    return [(str(start + timedelta(seconds=n)), columns | error) for n, error in enumerate(errors)]


def test_the_week_and_the_lookback_use_the_same_budget(given_turns):
    con = given_turns(*turns(MONDAY - timedelta(days=7), 300, 12), *turns(MONDAY, 100, 5))

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
    con = given_turns(*turns(edge - timedelta(seconds=50), 50, 50), *turns(edge, 100, 1), *turns(UNTIL, 10, 10))

    assert budgets(con, since=MONDAY, until=UNTIL)["error_rate"] == (None, None, pytest.approx(20), 1)
    assert budgets(con, since=MONDAY, until=UNTIL, lookback="29 days")["error_rate"][2:] == (
        pytest.approx(100 * 51 / 7.5),
        2,
    )


def test_a_day_with_several_turns_counts_once(given_turns):
    con = given_turns(*turns(MONDAY, 3, 0), *turns(MONDAY + timedelta(days=3), 3, 0))

    assert {days for *_, days in budgets(con, since=MONDAY, until=UNTIL).values()} == {2}


def test_without_a_range_the_budget_is_that_of_all_turns(given_turns):
    con = given_turns(*turns(MONDAY - timedelta(days=300), 100, 0), *turns(MONDAY, 100, 5))

    assert budgets(con)["error_rate"] == pytest.approx((0.5, 50, 50, 2))


def test_no_records_have_no_budget(given):
    assert budgets(given.records({})) == {}
