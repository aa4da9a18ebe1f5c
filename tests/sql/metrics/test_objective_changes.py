from datetime import datetime, timedelta

import pytest

from bakame_duck import metric

SINCE = datetime(2026, 3, 2)
UNTIL = datetime(2026, 3, 9)
WEEK = timedelta(days=7)


def turns(start, number=100, bad=0, **columns):
    """Return *number* turns, one a second, the first *bad* of them with an LLM error."""
    return [
        (str(start + timedelta(seconds=n)), columns | ({"error": "LLM failed"} if n < bad else {}))
        for n in range(number)
    ]


def changes(con, since=SINCE, until=UNTIL, **arguments):
    rows = metric(con, "objective_changes", since=since, until=until, **arguments)
    return {row[0]: dict(zip(rows.columns[1:], row[1:], strict=True)) for row in rows.fetchall()}


def test_a_week_is_compared_with_the_one_before_in_half_widths_of_its_interval(given_turns):
    con = given_turns(*turns(SINCE - WEEK, 200, 4), *turns(SINCE, 148, 15))

    found = changes(con)

    # 15 of 148: 6.24 to 16.05 % (Newcombe 1998), half of it is 4.91.
    assert found["error_rate"] == {
        "measured": pytest.approx(100 * 15 / 148),
        "measured_before": 2.0,
        "median_of_four": None,
        "change_percent": pytest.approx(100 * (1500 / 148 - 2) / 2),
        "change_to_median_percent": None,
        "change_in_widths": pytest.approx((1500 / 148 - 2) / 4.905, abs=0.005),
    }


def test_the_largest_change_comes_first_and_what_cannot_be_judged_last(given_turns):
    before = turns(SINCE - WEEK, 100, 1, asr_ms=300.0, llm_ms=1500.0, tts_ms=0.0)
    spread = [
        (at, columns | {"asr_ms": 300.0 + n, "llm_ms": 1600.0 + n})
        for n, (at, columns) in enumerate(turns(SINCE, 100, 2, tts_ms=0.0))
    ]
    con = given_turns(*before, *spread)

    found = changes(con)

    widths = [change["change_in_widths"] for change in found.values()]
    judged = [width for width in widths if width is not None]
    assert judged == sorted(judged, reverse=True)
    assert widths == judged + [None] * (len(widths) - len(judged))
    assert list(found)[:2] == ["llm_latency", "asr_latency"]
    # 78 turns could show 5 %, but not 1 or 3 %.
    assert [name for name, change in found.items() if change["change_in_widths"] is None] == [
        "total_latency",
        "asr_error_rate",
        "llm_error_rate",
    ]
    assert "tts_latency" not in found


def test_what_improves_counts_as_far_as_what_worsens(given_turns):
    first = [*turns(SINCE - WEEK, 148, 15), *turns(SINCE, 148, 30), *turns(SINCE + WEEK, 148, 15)]
    con = given_turns(*first)

    worse, better = changes(con), changes(con, SINCE + WEEK, UNTIL + WEEK)

    assert worse["error_rate"]["change_percent"] == pytest.approx(100)
    assert better["error_rate"]["change_percent"] == pytest.approx(-50)
    assert better["error_rate"]["change_in_widths"] > worse["error_rate"]["change_in_widths"] > 0


def test_a_week_of_too_few_turns_has_no_change_in_widths(given_turns):
    few, enough = turns(SINCE - WEEK, 71, 1), turns(SINCE - WEEK, 80, 1)
    con = given_turns(*few, *turns(SINCE, 80, 2), *turns(SINCE + WEEK, 71, 3))

    found, after = changes(con), changes(con, SINCE + WEEK, UNTIL + WEEK)

    for change in (found["error_rate"], after["error_rate"]):
        assert change["change_in_widths"] is None
        assert change["change_percent"] is not None
    assert changes(given_turns(*enough, *turns(SINCE, 80, 2)))["error_rate"]["change_in_widths"] is not None


def test_the_median_is_that_of_the_four_weeks_before(given_turns):
    measured = {5: 40, 4: 2, 3: 4, 2: 8, 1: 10}
    con = given_turns(
        *(turn for week, bad in measured.items() for turn in turns(SINCE - week * WEEK, 100, bad)),
        *turns(SINCE, 100, 9),
    )

    found = changes(con)["error_rate"]

    assert (found["measured"], found["measured_before"], found["median_of_four"]) == (9.0, 10.0, 6.0)
    assert found["change_percent"] == pytest.approx(-10)
    assert found["change_to_median_percent"] == pytest.approx(50)


def test_a_median_needs_two_weeks_of_enough_turns(given_turns):
    weeks = [*turns(SINCE - 2 * WEEK, 100, 4), *turns(SINCE, 100, 9)]

    def median(*others):
        return changes(given_turns(*weeks, *others))["error_rate"]["median_of_four"]

    assert median() is None
    assert median(*turns(SINCE - WEEK, 10, 10)) is None
    assert median(*turns(SINCE - WEEK, 100, 6)) == 5.0


def test_another_span_can_be_named(given_turns):
    con = given_turns(*turns(SINCE - 3 * WEEK, 100, 4), *turns(SINCE - WEEK, 100, 10), *turns(SINCE, 100, 5))

    named = changes(con, compare_since=SINCE - 3 * WEEK, compare_until=SINCE - 2 * WEEK)
    written = changes(con, compare_since="2026-02-09T03:00+03:00", compare_until="2026-02-16T03:00+03:00")

    assert named["error_rate"]["measured_before"] == 4.0
    assert written == named
    assert changes(con)["error_rate"]["measured_before"] == 10.0


def test_without_a_span_before_there_is_no_change(given_turns):
    con = given_turns(*turns(SINCE, 100, 5))

    for found in (changes(con), changes(con, datetime.min, datetime.max)):
        assert found["error_rate"]["measured"] == 5.0
        assert {found["error_rate"][name] for name in list(found["error_rate"])[1:]} == {None}
    assert metric(con, "objective_changes").fetchall()


def test_from_nothing_no_percentage_follows(given_turns):
    con = given_turns(*turns(SINCE - WEEK, 100, 0), *turns(SINCE, 100, 5))

    change = changes(con)["error_rate"]

    assert (change["measured_before"], change["change_percent"]) == (0.0, None)
    assert change["change_in_widths"] > 0


def test_the_week_before_is_a_local_week_over_a_change_of_the_clock(given_turns):
    # In Berlin the week of 23 March 2026 is an hour shorter than that before.
    con = given_turns(*turns(datetime(2026, 3, 15, 23), 100, 10), *turns(datetime(2026, 3, 22, 23), 100, 0))

    found = changes(con, datetime(2026, 3, 22, 23), datetime(2026, 3, 29, 22), timezone="Europe/Berlin")

    assert found["error_rate"]["measured_before"] == 10.0
