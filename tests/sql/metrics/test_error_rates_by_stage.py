from bakame_duck import metric

AT = "2026-01-04 10:00:00"


def test_a_rate_is_that_of_the_turns_that_reached_the_stage(given):
    nothing_after = {"llm_ms": 0.0, "tts_ms": 0.0}
    con = given.turns(
        (AT, "math"),
        (AT, "math", {"error": "ASR timeout", "asr_ms": 0.0} | nothing_after),
        (AT, "math", {"error": "openai rate limit"} | nothing_after),
        (AT, "math", {"error": "Redis is gone"}),
    )

    assert metric(con, "error_rates_by_stage").fetchall() == [
        ("asr", 4, 1, 25.0),
        ("llm", 3, 1, 100 / 3),
        ("tts", 2, 0, 0.0),
        ("unknown", 4, 1, 25.0),
    ]


def test_a_stage_that_no_turn_reached_has_no_rate(given):
    con = given.turns((AT, "math", {"tts_ms": 0.0}))

    assert metric(con, "error_rates_by_stage").fetchall()[2] == ("tts", 0, 0, None)
