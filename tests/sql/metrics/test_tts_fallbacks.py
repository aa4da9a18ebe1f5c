from bakame_duck import metric

AT = "2026-01-04 10:00:00"


def turn(call, voice, fallbacks, ms=500.0):
    provider = "twilio_say" if voice == "Joanna" else "deepgram"
    columns = {"call_id": call, "tts_provider": provider, "tts_voice": voice, "tts_fallback_count": fallbacks}
    return (AT, None, columns | {"tts_ms": ms})


def fallbacks(con, *columns):
    return metric(con, "tts_fallbacks").select(*columns).fetchall()


def test_a_fallback_is_laid_to_the_voice_that_the_call_was_meant_to_have(given):
    con = given.turns(
        turn("CA1", "luna", 0, 300.0),
        turn("CA1", "luna", 0, 400.0),
        turn("CA1", "Joanna", 2, 900.0),
        turn("CA1", "luna", 1, 700.0),
    )

    assert fallbacks(con, "voice", "turns", "fallbacks", "attempts", "by_another") == [("luna", 4, 2, 3, 1)]
    assert fallbacks(con, "fallback_p50_ms", "other_p50_ms", "cost_ms") == [(800.0, 350.0, 450.0)]


def test_a_call_that_knows_no_other_voice_keeps_the_one_that_spoke(given):
    con = given.turns(turn("CA1", "Joanna", 1))

    assert fallbacks(con, "provider", "voice", "fallbacks", "by_another", "cost_ms") == [
        ("twilio_say", "Joanna", 1, 0, None)
    ]


def test_the_most_fallbacks_stand_first(given):
    con = given.turns(turn("CA1", "asteria", 0), turn("CA2", "luna", 1), turn("CA2", "luna", 0))

    assert fallbacks(con, "voice", "fallback_rate_percent") == [("luna", 50.0), ("asteria", 0.0)]
