from datetime import datetime

from bakame_duck import metric


def test_messages_that_differ_in_an_id_are_one(given):
    con = given.turns(
        ("2026-01-04 10:00:00", "math", {"error": "openai rate limit, request req_0123456789abcdef"}),
        ("2026-01-04 11:00:00", "math", {"error": "openai rate limit, request req_fedcba9876543210"}),
        ("2026-01-04 12:00:00", "math", {"error": "Deepgram 429"}),
        ("2026-01-04 13:00:00", "math"),
    )

    assert metric(con, "errors_by_message").fetchall() == [
        ("openai rate limit, request #", "llm", 2, 2, datetime(2026, 1, 4, 10), datetime(2026, 1, 4, 11)),
        ("Deepgram 429", "tts", 1, 1, datetime(2026, 1, 4, 12), datetime(2026, 1, 4, 12)),
    ]


def test_no_phone_number_or_call_is_left_in_a_message(given):
    con = given.turns(
        ("2026-01-04 10:00:00", "math", {"error": "call CA32e8d3965cae2fdeb4e8475992939d7d from +250788123456 lost"})
    )

    assert [row[0] for row in metric(con, "errors_by_message").fetchall()] == ["call # from # lost"]
