from datetime import datetime, timedelta

from bakame_duck import metric


def test_messages_that_differ_in_an_id_are_one(given):
    con = given.turns(
        ("2026-01-04 10:00:00", "math", {"error": "openai rate limit, request req_0123456789abcdef"}),
        ("2026-01-04 11:00:00", "math", {"error": "openai rate limit, request req_fedcba9876543210"}),
        ("2026-01-04 12:00:00", "math", {"error": "Deepgram 429"}),
        ("2026-01-04 13:00:00", "math"),
    )

    assert metric(con, "errors_by_message").fetchall() == [
        ("openai rate limit, request #", "llm", 2, 2, datetime(2026, 1, 4, 10), datetime(2026, 1, 4, 11), None),
        ("Deepgram 429", "tts", 1, 1, datetime(2026, 1, 4, 12), datetime(2026, 1, 4, 12), None),
    ]


def test_no_phone_number_or_call_is_left_in_a_message(given):
    con = given.turns(
        ("2026-01-04 10:00:00", "math", {"error": "call CA32e8d3965cae2fdeb4e8475992939d7d from +250788123456 lost"})
    )

    assert [row[0] for row in metric(con, "errors_by_message").fetchall()] == ["call # from # lost"]


def is_new(con, **arguments):
    rows = metric(con, "errors_by_message", since=datetime(2026, 1, 4), **arguments).pl()
    return dict(rows.select("message", "is_new").rows())


def test_a_message_is_new_that_was_not_seen_in_the_four_weeks_before(given):
    con = given.turns(
        ("2025-12-06 23:59:59", "math", {"error": "too long ago"}),
        ("2025-12-07 00:00:00", "math", {"error": "just in reach"}),
        ("2026-01-03 23:59:59", "math", {"error": "yesterday, request req_0123456789abcdef"}),
        ("2026-01-04 00:00:00", "math", {"error": "too long ago"}),
        ("2026-01-04 00:00:00", "math", {"error": "just in reach"}),
        ("2026-01-04 00:00:00", "math", {"error": "yesterday, request req_fedcba9876543210"}),
        ("2026-01-04 00:00:00", "math", {"error": "today"}),
    )

    assert is_new(con) == {
        "too long ago": True,
        "just in reach": False,
        "yesterday, request #": False,
        "today": True,
    }
    assert is_new(con, lookback=timedelta(days=29))["too long ago"] is False


def test_a_message_known_from_another_stage_is_not_new(given):
    con = given.turns(
        ("2026-01-03 10:00:00", "math", {"error": "connection lost", "llm_ms": 0.0, "tts_ms": 0.0}),
        ("2026-01-04 10:00:00", "math", {"error": "connection lost", "tts_ms": 0.0}),
    )

    rows = metric(con, "errors_by_message", since=datetime(2026, 1, 4)).pl()

    assert rows.select("stage", "turns", "is_new").rows() == [("tts", 1, False)]


def test_a_turn_without_an_error_is_enough_to_tell_what_is_new(given):
    failed = ("2026-01-04 10:00:00", "math", {"error": "LLM timeout"})

    assert is_new(given.turns(failed)) == {"LLM timeout": None}
    assert is_new(given.turns(("2026-01-03 10:00:00", "math"), failed)) == {"LLM timeout": True}


def test_counts_are_those_of_the_range_alone(given):
    con = given.turns(
        ("2026-01-03 10:00:00", "math", {"error": "LLM timeout", "call_id": "CA1"}),
        ("2026-01-04 10:00:00", "math", {"error": "LLM timeout", "call_id": "CA2"}),
        ("2026-01-04 11:00:00", "math", {"error": "LLM timeout", "call_id": "CA2"}),
        ("2026-01-05 00:00:00", "math", {"error": "LLM timeout", "call_id": "CA3"}),
    )

    rows = metric(con, "errors_by_message", since=datetime(2026, 1, 4), until=datetime(2026, 1, 5)).fetchall()

    assert rows == [("LLM timeout", "llm", 2, 1, datetime(2026, 1, 4, 10), datetime(2026, 1, 4, 11), False)]
