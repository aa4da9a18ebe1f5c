from datetime import date

import pytest

from bakame_duck import metric

AT = "2026-01-04 10:00:00"
ASTERIA = {
    "tts_provider": "deepgram",
    "tts_voice": "aura-asteria-en",
    "tts_rate": 0.95,
    "tts_pitch": "+1st",
    "tts_style": "conversational",
    "audio_encoding": "mulaw",
    "chunk_pause_ms": 200.0,
}
LUNA = ASTERIA | {"tts_voice": "aura-luna-en"}


def spoken(con, *columns, **parameters):
    return metric(con, "tts_turns", **parameters).select(*columns).fetchall()


def test_a_turn_that_does_not_say_how_it_was_spoken_is_left_out(given):
    con = given.turns((AT, "math", ASTERIA), (AT, "math"))

    assert [(1, "math", 500.0)] == spoken(con, "configuration", "module_name", "tts_ms")


def test_configurations_are_numbered_by_use(given):
    con = given.turns((AT, None, LUNA), ("2026-01-04 11:00:00", None, ASTERIA), ("2026-01-04 12:00:00", None, ASTERIA))

    assert [(2, "aura-luna-en"), (1, "aura-asteria-en"), (1, "aura-asteria-en")] == spoken(
        con, "configuration", "voice"
    )


@pytest.mark.parametrize("setting", ASTERIA)
def test_every_setting_makes_a_configuration(given, setting):
    other = {"tts_rate": 1.0, "chunk_pause_ms": 0.0}.get(setting, "other")
    con = given.turns((AT, None, ASTERIA), (AT, None, ASTERIA | {setting: other}), (AT, None, ASTERIA))

    assert [1, 2, 1] == [number for (number,) in spoken(con, "configuration")]


def test_a_setting_that_is_not_stated_is_a_value_of_its_own(given):
    con = given.turns((AT, None, ASTERIA), (AT, None, ASTERIA | {"tts_pitch": ""}), (AT, None, ASTERIA))

    assert [(1, "+1st"), (2, None), (1, "+1st")] == spoken(con, "configuration", "pitch")


def test_only_the_settings_that_are_named_make_a_configuration(given):
    con = given.turns((AT, None, ASTERIA), (AT, None, ASTERIA | {"tts_rate": 1.0}), (AT, None, LUNA))

    assert [
        (1, "aura-asteria-en", None, None),
        (1, "aura-asteria-en", None, None),
        (2, "aura-luna-en", None, None),
    ] == spoken(con, "configuration", "voice", "rate", "provider", by="voice")


def test_day_and_hour_are_those_of_the_time_zone(given):
    con = given.turns(("2026-01-04 22:30:00", None, ASTERIA))

    assert [(date(2026, 1, 4), 22)] == spoken(con, "day", "hour")
    assert [(date(2026, 1, 5), 0)] == spoken(con, "day", "hour", timezone="Africa/Kigali")
    assert [] == spoken(con, "day", until="2026-01-04T22:30:00")
    assert [(date(2026, 1, 4),)] == spoken(con, "day", since="2026-01-04T22:30:00")
