from bakame_duck import metric

AT = "2026-01-04 10:00:00"
ASTERIA = {"tts_provider": "deepgram", "tts_voice": "aura-asteria-en", "tts_rate": 1.0, "tts_pitch": "0st"}


def configurations(con, *columns):
    rows = metric(con, "tts_configurations")
    return [tuple(row[rows.columns.index(name)] for name in columns) for row in rows.fetchall()]


def test_every_configuration_is_one_row_the_most_used_first(given):
    luna = ASTERIA | {"tts_voice": "aura-luna-en"}
    con = given.turns((AT, "math", luna), (AT, "math", ASTERIA), (AT, "math", ASTERIA), (AT, "math"))

    found = configurations(con, "tts_provider", "tts_voice", "tts_rate", "tts_pitch", "turns", "p50_ms")

    assert found == [
        ("deepgram", "aura-asteria-en", 1.0, "0st", 2, 500.0),
        ("deepgram", "aura-luna-en", 1.0, "0st", 1, 500.0),
    ]


def test_rates_are_those_of_the_turns_that_state_them(given):
    con = given.turns(
        (AT, "math", ASTERIA | {"tts_fallback_count": 2, "barge_in_triggered": True, "audio_transcode_ms": 10}),
        (AT, "math", ASTERIA | {"tts_fallback_count": 0, "barge_in_triggered": False, "audio_transcode_ms": 20}),
        (AT, "math", ASTERIA | {"error": "TTS failed", "sentence_chunks": 3}),
        (AT, "math", ASTERIA | {"error": "ASR timeout"}),
    )

    found = configurations(
        con,
        "error_rate_percent",
        "fallback_rate_percent",
        "barge_in_rate_percent",
        "avg_transcode_ms",
        "avg_sentence_chunks",
    )

    assert found == [(25.0, 50.0, 50.0, 15.0, 3.0)]


def test_a_rate_that_no_turn_states_is_null(given):
    con = given.turns((AT, "math", ASTERIA))

    assert configurations(con, "fallback_rate_percent", "barge_in_rate_percent") == [(None, None)]
