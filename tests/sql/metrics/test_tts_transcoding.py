from bakame_duck import metric

AT = "2026-01-04 10:00:00"


def turn(encoding, transcode, ms=500.0):
    return (AT, None, {"tts_provider": "p", "audio_encoding": encoding, "audio_transcode_ms": transcode, "tts_ms": ms})


def test_transcoding_is_told_by_encoding(given):
    con = given.turns(
        turn("mulaw", 0), turn("mulaw", 0), turn("mulaw", 0), turn("linear16", 20.0), turn("linear16", 40.0, ms=1000.0)
    )

    assert metric(con, "tts_transcoding").fetchall() == [
        ("mulaw", 3, 0, None, None, 0.0),
        ("linear16", 2, 2, 30.0, 39.0, 4.0),
    ]


def test_a_turn_without_speech_has_no_share_in_it(given):
    con = given.turns(turn("linear16", 20.0), turn("linear16", 40.0, ms=0))

    assert metric(con, "tts_transcoding").select("turns", "share_percent").fetchall() == [(2, 4.0)]
