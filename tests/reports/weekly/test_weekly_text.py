from datetime import date, datetime

import pytest

from bakame_duck import formatting
from bakame_duck.reports import data_section
from bakame_duck.reports.weekly import summary, text

LATENCY = {
    "objective": "llm_latency",
    "title": "LLM latency",
    "kind": "latency",
    "stage": "llm",
    "comparison": "<",
    "target": 2000.0,
    "unit": "ms",
    "measured": 1800.0,
    "low": 1700.0,
    "high": 1900.0,
    "turns": 500,
    "burn_rate": 0.5,
    "used_percent": None,
    "used_lookback_percent": None,
    "status": "met",
}
ERROR_RATE = LATENCY | {
    "objective": "error_rate",
    "title": "Overall error rate",
    "kind": "error rate",
    "stage": "total",
    "target": 5.0,
    "unit": "%",
    "measured": 2.5,
    "low": 1.4,
    "high": 4.3,
}
UPTIME = LATENCY | {
    "objective": "uptime",
    "title": "Service uptime",
    "kind": "availability",
    "stage": None,
    "comparison": ">",
    "target": 99.5,
    "unit": "%",
    "measured": 99.95,
    "low": 99.8,
    "high": 99.99,
}


@pytest.mark.parametrize(
    ("say", "number", "said"),
    [
        (formatting.count, 5812, "5,812"),
        (formatting.count, 0, "0"),
        (formatting.count, None, "–"),
        (formatting.milliseconds, 2314.2, "2,314 ms"),
        (formatting.milliseconds, None, "–"),
        (formatting.percent, 3.14, "3.1%"),
        (formatting.percent, 0, "0.0%"),
        (formatting.percent, 0.04, "0.04%"),
        (formatting.percent, 99.94, "99.94%"),
        (formatting.percent, 100, "100.0%"),
        (formatting.percent, None, "–"),
        (formatting.decimal, 0.951, "0.95"),
        (formatting.decimal, None, "–"),
        (formatting.seconds, 31.25, "31.2 s"),
        (formatting.seconds, None, "–"),
        (formatting.seconds, float("inf"), "–"),
        (formatting.in_words, 0, "no"),
        (formatting.in_words, 6, "six"),
        (formatting.in_words, 10, "ten"),
        (formatting.in_words, 1234, "1,234"),
    ],
)
def test_a_number_is_said(say, number, said):
    assert said == say(number)


@pytest.mark.parametrize(
    ("objective", "said"),
    [(LATENCY, "p95 < 2,000 ms"), (ERROR_RATE, "< 5%"), (UPTIME, "> 99.5%"), (UPTIME | {"target": 99.0}, "> 99%")],
)
def test_a_target_is_said(objective, said):
    assert said == formatting.target(objective)


ACTIVITY = {
    "turns": 1200,
    "days_with_turns": 7,
    "calls": 300,
    "callers": 90,
    "new_callers": 7,
    "returning_callers": 83,
    "error_rate_percent": 2.5,
}
SILENCE = {
    "turns": 0,
    "days_with_turns": 0,
    "calls": 0,
    "callers": 0,
    "new_callers": 0,
    "returning_callers": 0,
    "error_rate_percent": None,
}


@pytest.mark.parametrize(
    ("now", "before", "said"),
    [
        (104, 100, "+4% on the week before"),
        (80, 100, "−20% on the week before"),
        (100, 100, "+0% on the week before"),
        (999, 1000, "+0% on the week before"),
        (2500, 1000, "+150% on the week before"),
    ],
)
def test_a_change_is_said(now, before, said):
    assert said == text.change(ACTIVITY | {"turns": now}, ACTIVITY | {"turns": before}, 7)


@pytest.mark.parametrize(
    ("now", "before", "days", "said"),
    [
        (ACTIVITY | {"days_with_turns": 6}, ACTIVITY, 7, "turns on 6 of 7 days: not compared"),
        (ACTIVITY, ACTIVITY | {"days_with_turns": 6}, 7, "turns in the week before on 6 of 7 days: not compared"),
        (SILENCE, ACTIVITY, 7, "turns on 0 of 7 days: not compared"),
        (ACTIVITY, SILENCE, 7, "turns in the week before on 0 of 7 days: not compared"),
        (
            ACTIVITY | {"days_with_turns": 3},
            ACTIVITY | {"days_with_turns": 5},
            7,
            "turns on 3 of 7 days: not compared",
        ),
        (ACTIVITY, ACTIVITY, 14, "turns on 7 of 14 days: not compared"),
        (ACTIVITY | {"days_with_turns": 3}, ACTIVITY | {"days_with_turns": 3}, 3, "+0% on the week before"),
    ],
)
def test_a_week_that_is_not_whole_is_not_compared(now, before, days, said):
    assert said == text.change(now, before, days)


@pytest.mark.parametrize(
    ("number", "nouns", "said"),
    [
        (0, ["turn"], "0 turns"),
        (1, ["turn"], "1 turn"),
        (2, ["health check"], "2 health checks"),
        (5812, ["turn"], "5,812 turns"),
        (1, ["address"], "1 address"),
        (2, ["address"], "2 addresses"),
        (1, ["record stands", "records stand"], "1 record stands"),
        (2, ["record stands", "records stand"], "2 records stand"),
    ],
)
def test_several_things_are_counted(number, nouns, said):
    assert said == formatting.pluralize(number, *nouns)


@pytest.mark.parametrize(
    ("items", "said"), [([], ""), (["a"], "a"), (["a", "b"], "a and b"), (["a", "b", "c"], "a, b and c")]
)
def test_items_are_listed(items, said):
    assert said == formatting.join_words(items)


@pytest.mark.parametrize(
    ("first", "last", "said"),
    [
        (date(2026, 1, 12), date(2026, 1, 18), "Monday 12 to Sunday 18 January 2026"),
        (date(2026, 1, 26), date(2026, 2, 1), "Monday 26 January to Sunday 1 February 2026"),
        (date(2025, 12, 29), date(2026, 1, 4), "Monday 29 December 2025 to Sunday 4 January 2026"),
        (date(2025, 1, 6), date(2026, 1, 4), "Monday 6 January 2025 to Sunday 4 January 2026"),
        (date(2026, 1, 15), date(2026, 1, 15), "Thursday 15 January 2026"),
    ],
)
def test_days_are_said(first, last, said):
    assert said == formatting.day_span(first, last)


def test_a_moment_is_said_in_the_time_zone():
    assert formatting.moment(datetime(2026, 1, 15, 22, 10), "Africa/Kigali") == "16 Jan 00:10"


@pytest.mark.parametrize(
    ("objectives", "verdict", "sentences"),
    [
        ([LATENCY, ERROR_RATE], "Two of two objectives met, none breached.", ""),
        (
            [LATENCY | {"status": "breached", "measured": 2314.2}, UPTIME],
            "One of two objectives met, one breached.",
            "The language model took 2,314 ms at p95, over its 2,000 ms.",
        ),
        (
            [ERROR_RATE | {"status": "breached", "measured": 7.25}],
            "None of one objectives met, one breached.",
            "7.2% of the turns failed, over the 5% allowed.",
        ),
        (
            [ERROR_RATE | {"status": "breached", "measured": 4.0, "stage": "tts", "target": 1.0}, LATENCY],
            "One of two objectives met, one breached.",
            "Speech synthesis failed in 4.0% of the turns that reached it, over the 1% allowed.",
        ),
        (
            [UPTIME | {"status": "breached", "measured": 99.12}, LATENCY],
            "One of two objectives met, one breached.",
            "The service answered 99.12% of the time, under its 99.5%.",
        ),
        (
            [UPTIME | {"objective": "health_checks", "status": "breached", "measured": 98.0, "target": 99.0}, LATENCY],
            "One of two objectives met, one breached.",
            "98.0% of the health checks were good, under the 99% wanted.",
        ),
        (
            [LATENCY | {"status": "too few"}, UPTIME | {"status": "not measured", "measured": None}, ERROR_RATE],
            "One of three objectives met, none breached.",
            "Too few turns or checks to judge LLM latency. Service uptime was not recorded.",
        ),
        (
            [LATENCY | {"status": "breached", "measured": 2314.2}, ERROR_RATE | {"status": "too few"}],
            "None of two objectives met, one breached.",
            "The language model took 2,314 ms at p95, over its 2,000 ms. "
            "Too few turns or checks to judge overall error rate.",
        ),
        (
            [{"title": f"LLM latency {number}", "status": "too few"} for number in range(1, 10)]
            + [UPTIME | {"status": "not measured", "measured": None}],
            "None of the ten objectives can be judged.",
            f"Too few turns or checks to judge {', '.join(f'LLM latency {number}' for number in range(1, 9))} "
            "and LLM latency 9. Service uptime was not recorded.",
        ),
        (
            [row | {"status": "not measured", "measured": None} for row in (LATENCY, UPTIME)],
            "None of the two objectives can be judged.",
            "LLM latency and service uptime were not recorded.",
        ),
    ],
)
def test_a_report_opens_with_what_became_of_the_objectives(objectives, verdict, sentences):
    assert (verdict, sentences) == summary.objectives_summary(objectives)


@pytest.mark.parametrize(
    ("now", "before", "cards"),
    [
        (
            ACTIVITY,
            ACTIVITY | {"turns": 1000, "error_rate_percent": 5.0},
            [
                ("Turns", "1,200", "+20% on the week before"),
                ("Calls", "300", "4.0 turns a call"),
                ("Callers", "90", "7 new, 83 came back"),
                ("Turns with an error", "2.5%", "5.0% the week before"),
            ],
        ),
        (
            SILENCE,
            SILENCE,
            [
                ("Turns", "0", "turns on 0 of 7 days: not compared"),
                ("Calls", "0", "none began"),
                ("Callers", "0", "0 new, 0 came back"),
                ("Turns with an error", "–", "no turns the week before"),
            ],
        ),
        (
            ACTIVITY | {"calls": 0},
            SILENCE,
            [
                ("Turns", "1,200", "turns in the week before on 0 of 7 days: not compared"),
                ("Calls", "0", "none began"),
                ("Callers", "90", "7 new, 83 came back"),
                ("Turns with an error", "2.5%", "no turns the week before"),
            ],
        ),
    ],
)
def test_the_key_figures_are_said(now, before, cards):
    assert cards == text.activity_cards(now, before)


def test_the_key_figures_of_other_days_than_a_week_are_compared_over_these():
    now, before = ACTIVITY | {"days_with_turns": 3}, ACTIVITY | {"days_with_turns": 3, "turns": 1000}

    assert [
        ("Turns", "1,200", "+20% on the week before"),
        ("Turns", "1,200", "turns on 3 of 4 days: not compared"),
    ] == [text.activity_cards(now, before, days)[0] for days in (3, 4)]


@pytest.mark.parametrize(
    ("objectives", "said"),
    [
        ([], "No turn of this week has a timing."),
        ([LATENCY | {"measured": None}, ERROR_RATE], "No turn of this week has a timing."),
        ([LATENCY], "At p95 over the whole week, within target: language model."),
        (
            [LATENCY, LATENCY | {"stage": "tts", "target": 800.0, "measured": 800.0, "status": "breached"}],
            "At p95 over the whole week, over target: speech synthesis; within target: language model.",
        ),
        (
            [
                LATENCY | {"stage": "asr", "measured": 90.0, "status": "too few"},
                LATENCY | {"measured": 9000.0, "status": "too few"},
                LATENCY | {"stage": "tts"},
                LATENCY | {"stage": "total", "measured": 9000.0, "status": "breached"},
            ],
            "At p95 over the whole week, over target: whole turn; within target: speech synthesis; "
            "too few turns to say: speech recognition and language model.",
        ),
        (
            [LATENCY | {"status": "too few"}, LATENCY | {"stage": "tts", "measured": None, "status": "not measured"}],
            "At p95 over the whole week, too few turns to say: language model.",
        ),
        (
            [
                LATENCY | {"objective": "total_latency", "stage": "total"},
                ERROR_RATE | {"objective": "error_rate", "measured": 98.5, "status": "breached"},
            ],
            "At p95 over the whole week, within target: whole turn. The 98.5% of the turns that failed count in the "
            "whole turn too, and can end early.",
        ),
    ],
)
def test_the_latency_is_said(objectives, said):
    assert said == text.latency_summary(objectives)


@pytest.mark.parametrize(
    ("by_stage", "by_message", "said"),
    [
        ([], [], "No turn of this week failed."),
        ([{"stage": "llm", "errors": 0}], [], "No turn of this week failed."),
        (
            [{"stage": "asr", "errors": 3}, {"stage": "llm", "errors": 9}],
            [{"message": "LLM timeout", "turns": 5, "is_new": False}],
            "12 turns failed, 9 of them in the language model. The commonest message, “LLM timeout”, stands for 5.",
        ),
        (
            [{"stage": "unknown", "errors": 4}],
            [{"message": "boom", "turns": 4, "is_new": None}],
            "4 turns failed, 4 of them where no stage can be named. The commonest message, “boom”, stands for 4.",
        ),
        (
            [{"stage": "llm", "errors": 0}, {"stage": "tts", "errors": 1}],
            [{"message": "boom", "turns": 1, "is_new": True}],
            "1 turn failed, 1 of them in speech synthesis. The commonest message, “boom”, stands for 1. "
            "One message was not seen in the four weeks before.",
        ),
    ],
)
def test_the_errors_are_said(by_stage, by_message, said):
    assert said == text.errors_summary(by_stage, by_message)


@pytest.mark.parametrize(
    ("modules", "said"),
    [
        ([], "No turn in this week."),
        (
            [{"module_name": "math", "turns": 40, "turns_by_caller": 0}],
            "The log names no learning module for a turn: 40 were given that of their call.",
        ),
        (
            [
                {"module_name": "math", "turns": 40, "turns_by_caller": 3},
                {"module_name": None, "turns": 2, "turns_by_caller": 0},
            ],
            "The log names no learning module for a turn: 37 were given that of their call, 3 that of their caller "
            "and 2 none.",
        ),
    ],
)
def test_the_modules_are_said(modules, said):
    assert said == text.modules_summary(modules)


@pytest.mark.parametrize(
    ("calls", "days", "said"),
    [
        ([], [date(2026, 1, 12)], "No call started in this time."),
        (
            [
                {"day": date(2026, 1, 12), "calls": 40, "callers": 30},
                {"day": date(2026, 1, 13), "calls": 1500, "callers": 900},
            ],
            [date(2026, 1, 12), date(2026, 1, 13)],
            "Tuesday was the busiest day: 1,500 calls by 900 callers.",
        ),
        (
            [{"day": date(2026, 1, 12), "calls": 1, "callers": 1}],
            [date(2026, 1, 12)],
            "Monday was the busiest day: 1 call by 1 caller.",
        ),
        (
            [{"day": date(2026, 1, 12), "calls": 2, "callers": 1}],
            [date(2026, 1, 12), date(2026, 1, 13)],
            "Monday was the busiest day: 2 calls by 1 caller. No call is on record for Tuesday 13 January.",
        ),
        (
            [{"day": date(2026, 1, 30), "calls": 40, "callers": 30}],
            [date(2026, 2, 1), date(2026, 1, 31), date(2026, 1, 30), date(2026, 1, 29)],
            "Friday was the busiest day: 40 calls by 30 callers. No call is on record for Thursday 29 January, "
            "Saturday 31 January and Sunday 1 February.",
        ),
    ],
)
def test_the_calls_are_said(calls, days, said):
    assert said == text.calls_summary(calls, days)


DAY = {"observed_minutes": 1440.0, "up_minutes": 1440.0, "checks": 1440, "healthy_checks": 1440}


@pytest.mark.parametrize(
    ("days", "said"),
    [
        ([], "No health_checks*.jsonl speaks of this time, so nothing can be said of uptime."),
        (
            [DAY],
            "Over 1 day with checks the service always answered; 0 of 1,440 health checks found it unhealthy.",
        ),
        (
            [DAY | {"up_minutes": 1439.5, "checks": 1, "healthy_checks": 0}],
            "Over 1 day with checks the service always answered; 1 of 1 health check found it unhealthy.",
        ),
        (
            [DAY | {"up_minutes": 1439.0}, DAY, DAY],
            "Over 3 days with checks the service was silent for 1 minute; 0 of 4,320 health checks found it unhealthy.",
        ),
        (
            [DAY, DAY | {"up_minutes": 1390.0, "checks": 1390, "healthy_checks": 1381}],
            "Over 2 days with checks the service was silent for 50 minutes; "
            "9 of 2,830 health checks found it unhealthy.",
        ),
    ],
)
def test_the_availability_is_said(days, said):
    assert said == text.availability_summary(days)


SOUND = {"state": "sound", "records": 100, "rows": 100, "rejects": 0, "pending_bytes": 0, "bad_cells": 0}


@pytest.mark.parametrize(
    ("files", "said"),
    [
        (
            [SOUND, SOUND],
            "The 2 log files of the folder, of all weeks, give 200 records: "
            "200 read, 0 rejected, 0 still being written.",
        ),
        (
            [SOUND],
            "The only log file of the folder gives 100 records: 100 read, 0 rejected, 0 still being written.",
        ),
        (
            [SOUND | {"records": 1, "rows": 1}, SOUND | {"records": 0, "rows": 0}],
            "The 2 log files of the folder, of all weeks, give 1 record: 1 read, 0 rejected, 0 still being written.",
        ),
        (
            [SOUND, SOUND | {"state": "repaired", "rows": 0, "rejects": 100}],
            "The 2 log files of the folder, of all weeks, give 200 records: "
            "100 read, 100 rejected, 0 still being written. "
            "One had to be repaired. One of these gave no row at all.",
        ),
        (
            [SOUND | {"state": "repaired", "rows": 99, "rejects": 1}]
            + [SOUND | {"state": "repaired", "rows": 0, "rejects": 100}] * 2,
            "The 3 log files of the folder, of all weeks, give 300 records: "
            "99 read, 201 rejected, 0 still being written. "
            "Three had to be repaired. Two of these gave no row at all.",
        ),
        (
            [
                SOUND | {"records": 101, "pending_bytes": 12},
                SOUND | {"state": "repaired", "rows": 98, "rejects": 2},
                SOUND | {"state": "duplicate"},
                SOUND | {"state": "unreadable", "records": None, "rows": None, "rejects": None, "pending_bytes": None},
            ],
            "The 4 log files of the folder, of all weeks, give 201 records: "
            "198 read, 2 rejected, 1 still being written. "
            "One had to be repaired. One repeats another, and counts once. One cannot be read.",
        ),
        (
            [SOUND | {"state": "duplicate"}] * 3,
            "The 3 log files of the folder, of all weeks, give 0 records: "
            "0 read, 0 rejected, 0 still being written. "
            "Three repeat others, and count once.",
        ),
    ],
)
def test_the_ledger_is_said(files, said):
    assert said == data_section.ledger_summary(files)


def test_the_lead_names_unjudged_error_rates_as_people_say_them():
    unjudged = [{"title": title, "kind": "error rate", "status": "too few"} for title in ("Errors, all", "Errors, ASR")]

    assert "Too few turns or checks to judge all errors and ASR errors." == summary.objectives_summary(unjudged)[1]


WEEKS = "the week before"
KIGALI = "Africa/Kigali"
INCIDENT = {
    "stage": "llm",
    "started_at": datetime(2026, 1, 15, 12, 20),
    "ended_at": datetime(2026, 1, 15, 15, 30),
    "turns": 76,
    "bad_turns": 71,
}
WINDOWS = [{"stage": "llm", "bad_turns": 71}, {"stage": "llm", "bad_turns": 22}, {"stage": "asr", "bad_turns": 900}]
CHANGE = {
    "objective": "llm_latency",
    "measured": 1800.0,
    "measured_before": 1500.0,
    "median_of_four": 1520.0,
    "change_in_widths": 3.0,
}


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (2240.2, 2395.4, "2,240–2,395"),
        (2.54, 3.6, "2.5–3.6"),
        (99.71, 99.83, "99.71–99.83"),
        (0.0, 0.4, "0.0–0.4"),
        (50, 50, "50.0–50.0"),
    ],
)
def test_an_interval_is_said(low, high, said):
    assert said == formatting.interval(low, high)


def test_a_share_that_is_not_whole_is_not_said_to_be():
    assert ("99.99%", "100.0%") == (formatting.percent(99.998), formatting.percent(100.0))


@pytest.mark.parametrize(
    ("statuses", "sentence"),
    [
        (["inconclusive"], "LLM latency sits on its limit: the week can’t say on which side."),
        (
            ["inconclusive", "inconclusive"],
            "LLM latency and uptime sit on their limits: the week can’t say on which side.",
        ),
    ],
)
def test_what_lies_on_its_limit_is_said_to(statuses, sentence):
    objectives = [LATENCY, UPTIME | {"title": "Uptime"}]
    judged = [row | {"status": status} for row, status in zip(objectives, statuses, strict=False)]

    assert ("None of the " in summary.objectives_summary(judged)[0], sentence) == (
        True,
        summary.objectives_summary(judged)[1],
    )


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ([], ""),
        ([CHANGE | {"change_in_widths": None}], ""),
        ([CHANGE | {"change_in_widths": 0.9}], "Against the week before nothing moved by more than chance."),
        (
            [CHANGE],
            "The largest change: LLM latency, 1,800 ms after 1,500 ms in the week before and 1,520 ms in the median of "
            "the four weeks before.",
        ),
        (
            [CHANGE | {"median_of_four": None}],
            "The largest change: LLM latency, 1,800 ms after 1,500 ms in the week before.",
        ),
    ],
)
def test_the_largest_change_is_said(changes, said):
    assert ("One of one objectives met, none breached.", said) == summary.weekly_summary(
        [LATENCY], changes, [], [], [], WEEKS, KIGALI
    )


GAP = {
    "started_at": datetime(2026, 1, 13, 21),
    "ended_at": datetime(2026, 1, 17, 5),
    "hours": 80,
    "usual_hours": 48,
}


@pytest.mark.parametrize(
    ("gaps", "said"),
    [
        ([], ""),
        ([GAP], "There is no record from Tuesday 23:00 to Saturday 07:00: 48 usually busy hours."),
        (
            [GAP | {"usual_hours": 2}, GAP],
            "There is no record of 50 usually busy hours, the longest time from Tuesday 23:00 to Saturday 07:00.",
        ),
    ],
)
def test_the_lead_tells_when_the_service_was_silent(gaps, said):
    assert said == summary.weekly_summary([LATENCY], [], [], WINDOWS, gaps, WEEKS, KIGALI)[1]


WEEK = (datetime(2026, 1, 11, 22), datetime(2026, 1, 18, 22))


@pytest.mark.parametrize(
    ("first", "last", "said"),
    [
        (datetime(2025, 1, 1), datetime(2026, 2, 1), ""),
        (datetime(2026, 1, 12, 10), datetime(2026, 1, 18, 10), ""),
        (
            datetime(2026, 1, 14, 6, 5),
            datetime(2026, 1, 18, 21),
            "The logs begin on Wednesday 08:05: what came before is not in them.",
        ),
        (
            datetime(2026, 1, 12, 11),
            datetime(2026, 1, 13, 20, 55, 30),
            "The logs begin on Monday 13:00: what came before is not in them. "
            "The logs end on Tuesday 22:55: what came after is not in them.",
        ),
    ],
)
def test_logs_that_do_not_span_the_week_are_said(first, last, said):
    assert said == summary.coverage_summary({"first_at": first, "last_at": last}, *WEEK, KIGALI)


def test_the_lead_names_the_incident():
    _, sentences = summary.weekly_summary([LATENCY], [], [INCIDENT], WINDOWS, [], WEEKS, KIGALI)

    assert sentences == (
        "The language model had an incident, Thursday 14:20 to 17:30: three quarters of its failed and slow turns."
    )


BREACHED = LATENCY | {"status": "breached", "measured": 2314.2}


@pytest.mark.parametrize(
    ("incidents", "windows", "objectives", "said"),
    [
        ([], [], [BREACHED], "No turn of this week has a timing."),
        (
            [],
            WINDOWS,
            [LATENCY, BREACHED | {"stage": "total"}],
            "No time of the week stands out: failed and slow turns came no thicker than chance allows.",
        ),
        (
            [],
            WINDOWS,
            [LATENCY, BREACHED],
            "No time of the week stands out from the rest of it. A fault that lasts all week can’t; breached over the "
            "whole of it: LLM latency.",
        ),
        (
            [INCIDENT],
            WINDOWS,
            [BREACHED],
            "The language model, Thursday 14:20 to 17:30: 71 of 76 turns failed or were over target, three quarters "
            "of the week’s.",
        ),
        (
            [INCIDENT | {"ended_at": datetime(2026, 1, 16, 1)}, INCIDENT],
            WINDOWS[:1],
            [],
            "The language model, Thursday 14:20 to Friday 03:00: 71 of 76 turns failed or were over target, nearly all "
            "of the week’s. One more stands below.",
        ),
    ],
)
def test_the_incidents_are_said(incidents, windows, objectives, said):
    assert said == summary.incidents_summary(incidents, windows, objectives, KIGALI)


PUSHED = {"day": date(2026, 1, 15), "pushed_by": "llm", "turns": 46, "median_over_ms": 500.0, "median_excess_ms": 774.0}


@pytest.mark.parametrize(
    ("pushed", "said"),
    [
        ([], "No turn took 3,000 ms or more."),
        (
            [PUSHED, PUSHED | {"day": date(2026, 1, 16), "turns": 4}, PUSHED | {"pushed_by": "asr", "turns": 9}],
            "59 turns took 3,000 ms or more. The language model pushed 50 of them over; on Thursday, its worst day, by "
            "774 ms in the median.",
        ),
        (
            [PUSHED | {"pushed_by": "together", "median_excess_ms": None}],
            "46 turns took 3,000 ms or more. All stages together pushed 46 of them over.",
        ),
    ],
)
def test_it_is_said_who_pushed_turns_over(pushed, said):
    assert said == text.slow_turns_summary(pushed, 3000.0)


UNEXPLAINED = {"turns": 900, "turns_with_unattributed": 12, "p95_ms": 40.0, "max_ms": 500.0}


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (UNEXPLAINED | {"turns": 0}, ""),
        (
            UNEXPLAINED | {"turns_with_unattributed": 0},
            "The stages explain every turn’s total to the millisecond.",
        ),
        (
            UNEXPLAINED,
            "In 12 turns of 900 the stages do not add up to the total: 40 ms stay unattributed at p95, 500 ms at most.",
        ),
    ],
)
def test_unexplained_time_is_said(row, said):
    assert said == text.unattributed_summary(row)


def test_who_called_and_came_back_is_said():
    weeks = [{"callers": 59, "new_callers": 14, "returning_callers": 45}]
    cohorts = [
        {"weeks_later": 0, "cohort_callers": 10, "active_callers": 10},
        {"weeks_later": 1, "cohort_callers": 10, "active_callers": 4},
        {"weeks_later": 1, "cohort_callers": 30, "active_callers": 16},
    ]

    assert text.callers_summary(weeks, cohorts) == (
        "59 callers: 14 called for the first time, 45 had called before. Of those who came new in earlier weeks, 50.0% "
        "called again in the week after."
    )
    assert text.callers_summary([], []) == "Nobody called in this time."


@pytest.mark.parametrize(
    ("say", "rows", "said"),
    [
        (data_section.gaps_summary, [], "No gap: every usually busy hour has records."),
        (data_section.gaps_summary, [{"hours": 3}, {"hours": 2}], "2 gaps of 5 hours in all."),
        (text.out_of_order_summary, [], "No record stands more than ten minutes behind a later one."),
        (
            text.out_of_order_summary,
            [{"rows": 3}, {"rows": 1}],
            "4 records stand more than ten minutes behind a later one of their file.",
        ),
        (
            text.out_of_order_summary,
            [{"rows": 1}],
            "1 record stands more than ten minutes behind a later one of its file.",
        ),
        (
            text.personal_data_summary,
            [],
            "No phone number, e-mail address or confirmed name stands in a text of this week.",
        ),
        (
            text.personal_data_summary,
            [{"kind": "phone number", "found": 1}, {"kind": "confirmed name", "found": 3}],
            "In the texts of this week stand 3 confirmed names and 1 phone number: redaction missed them. Here are "
            "their places, not their text.",
        ),
        (
            text.personal_data_summary,
            [{"kind": "e-mail address", "found": 1}, {"kind": "e-mail address", "found": 1}],
            "In the texts of this week stand 2 e-mail addresses: redaction missed them. Here are their places, not "
            "their text.",
        ),
        (data_section.drift_summary, [], "No column came, went or lost its header."),
        (
            data_section.drift_summary,
            [{"file": "a"}, {"file": "a"}, {"file": "b"}],
            "In 2 files columns came, went, or stand without a header.",
        ),
    ],
)
def test_the_state_of_the_data_is_said(say, rows, said):
    assert said == say(rows)


def test_many_columns_and_rows_are_said_in_short():
    assert formatting.some_columns(["a", "b", "c"]) == "a, b, c"
    assert formatting.some_columns(["a", "b", "c", "d"]) == "a … d (4 columns)"
    assert formatting.rows_in_short([1, 5], 2) == "1, 5"
    assert formatting.rows_in_short([1, 5], 1002) == "1, 5 and 1,000 more"


def test_a_long_message_is_cut_in_a_sentence():
    assert formatting.shortened("x" * 200) == "x" * 79 + "…"
