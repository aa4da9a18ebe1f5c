import json

import pytest
from hypothesis import given as given_any
from hypothesis import settings
from hypothesis import strategies as st


@pytest.fixture(scope="module")
def con(connection_without_logs):
    return connection_without_logs


def value(con, expression, *arguments):
    return con.execute(f"select {expression}", arguments).fetchall()[0][0]


@pytest.mark.parametrize(
    "cell",
    [
        "2026-01-05T10:30:45",
        "2026-01-05 10:30:45",
        "2026-01-05T10:30:45Z",
        "2026-01-05T10:30:45.000Z",
        "2026-01-05T10:30:45.000000",
        "2026-01-05T10:30:45+00:00",
        "2026-01-05T12:30:45+02:00",
        "2026-01-05T12:30:45+0200",
        "2026-01-05T12:30:45+02",
        "2026-01-05T12:30:45.000000+02:00",
        "2026-01-05T05:00:45-05:30",
        "2026-01-06T00:30:45+14:00",
    ],
)
def test_every_form_of_an_instant_is_the_same_instant(con, cell):
    assert str(value(con, "as_utc(?::varchar)", cell)) == "2026-01-05 10:30:45"


@pytest.mark.parametrize("zone", ["", "Z", "+00:00", "+0000"])
@pytest.mark.parametrize(("fraction", "microseconds"), [(".5", 500_000), (".123", 123_000), (".650580", 650_580)])
def test_fractions_of_a_second_are_kept(con, zone, fraction, microseconds):
    assert value(con, "as_utc(?::varchar)", f"2026-01-05T10:30:45{fraction}{zone}").microsecond == microseconds


def test_an_offset_is_never_dropped_behind_a_time_without_seconds(con):
    assert str(value(con, "as_utc('2026-01-05T12:30+02:00')")) in {"2026-01-05 10:30:00", "None"}


@pytest.mark.parametrize("cell", ["", "yesterday", "N/A", "Z", "2026-13-05T10:30:45", "2026-01-05T25:00:00Z", None])
def test_what_is_no_instant_is_null(con, cell):
    assert value(con, "as_utc(?::varchar)", cell) is None


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**15), 10**15)
    | st.floats(allow_nan=False, allow_infinity=False)
    # str(dict) escapes astral characters that cannot be printed in a way that JSON lacks: a known limit.
    | st.text(st.characters(exclude_categories=["Cs"], max_codepoint=0xFFFF), max_size=12),
    lambda values: (
        st.lists(values, max_size=3) | st.dictionaries(st.text(max_size=5, alphabet="ab'\"{é: "), values, max_size=3)
    ),
    max_leaves=8,
)
DICTIONARIES = st.dictionaries(
    st.text(st.characters(exclude_categories=["Cs"], max_codepoint=0xFFFF), max_size=8), VALUES, max_size=4
)


@settings(max_examples=200, deadline=None)
@given_any(DICTIONARIES)
def test_a_dictionary_is_the_same_whether_logged_as_python_or_as_json(con, dictionary):
    for cell in (str(dictionary), json.dumps(dictionary), json.dumps(dictionary, ensure_ascii=False)):
        assert json.loads(value(con, "dictionary_json(?::varchar)", cell)) == dictionary


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("{}", {}),
        ("{'mood': 'happy', 'score': 0.5}", {"mood": "happy", "score": 0.5}),
        ("{'mood': None, 'new': True, 'old': False}", {"mood": None, "new": True, "old": False}),
        ("{'None': 'True', 'x': 'None, True'}", {"None": "True", "x": "None, True"}),
        ("""{"it's": 'say "hi"'}""", {"it's": 'say "hi"'}),
        ("""{'both': 'it\\'s "so"'}""", {"both": 'it\'s "so"'}),
        ("{'pair': (1, 2), 'one': (1,), 'none': ()}", {"pair": [1, 2], "one": [1], "none": []}),
        ("{1: 'a', 2: 'b'}", {"1": "a", "2": "b"}),
        ("{'score': nan, 'most': inf, 'least': -inf}", {"score": None, "most": None, "least": None}),
        ('{"sentiment": "positive"}', {"sentiment": "positive"}),
        ("{'😀': '😀'}", {"😀": "😀"}),
    ],
)
def test_a_dictionary_becomes_json(con, cell, expected):
    assert json.loads(value(con, "dictionary_json(?::varchar)", cell)) == expected


@pytest.mark.parametrize("cell", [None, "", "happy", "{'a': object()}", "{'a': 'open", "{'a'}", "{'a': 1", "'"])
def test_what_is_no_dictionary_is_null(con, cell):
    assert value(con, "dictionary_json(?::varchar)", cell) is None


@settings(max_examples=100, deadline=None)
@given_any(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")) | st.text("{}[]()'\"\\:,1aN "))
def test_no_text_stops_the_reading_of_dictionaries(con, cell):
    assert isinstance(value(con, "dictionary_json(?::varchar)", cell), str | None)


ALL_RAN = (300, 1500, 500)


@pytest.mark.parametrize(
    ("message", "ran", "stage"),
    [
        (None, ALL_RAN, None),
        ("", ALL_RAN, None),
        ("  ", ALL_RAN, None),
        ("ASR timeout", ALL_RAN, "asr"),
        ("asr_timeout", ALL_RAN, "asr"),
        ("Whisper: audio too short", ALL_RAN, "asr"),
        ("transcription was empty", ALL_RAN, "asr"),
        ("speech-to-text unavailable", ALL_RAN, "asr"),
        ("openai rate limit", ALL_RAN, "llm"),
        ("LLM_ERROR: context length exceeded", ALL_RAN, "llm"),
        ("gpt-4o-mini is overloaded", ALL_RAN, "llm"),
        ("Llama API returned 502", ALL_RAN, "llm"),
        ("TTS synthesis failed", ALL_RAN, "tts"),
        ("tts_error", ALL_RAN, "tts"),
        ("OpenAI TTS quota exceeded", ALL_RAN, "tts"),
        ("voice aura-asteria-en not found", ALL_RAN, "tts"),
        ("ffmpeg exited with 1", ALL_RAN, "tts"),
        ("twilio_say refused", ALL_RAN, "tts"),
        ("text-to-speech: 429", ALL_RAN, "tts"),
        ("Deepgram 429", (None, None, None), "asr"),
        ("Deepgram 429", (300, 1500, None), "tts"),
        ("Connection timeout", (None, None, None), "asr"),
        ("Connection timeout", (300, None, None), "llm"),
        ("Connection timeout", (300, 1500, None), "tts"),
        ("Connection timeout", ALL_RAN, "unknown"),
        ("restaurant not understood", ALL_RAN, "unknown"),
    ],
)
def test_an_error_belongs_to_the_stage_that_its_words_or_the_timings_tell(con, message, ran, stage):
    call = "error_stage_of(?::varchar, ?::double, ?::double, ?::double)"

    assert value(con, call, message, *ran) == stage


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ("+1st", 1.0),
        ("-2st", -2.0),
        ("0st", 0.0),
        ("+0.5st", 0.5),
        (" +1 st", 1.0),
        ("", None),
        ("high", None),
        ("+1", None),
        ("10%", None),
        (None, None),
    ],
)
def test_a_pitch_is_read_in_semitones(con, setting, expected):
    assert value(con, "semitones(?::varchar)", setting) == expected


@pytest.mark.parametrize(
    ("amount", "expected"),
    [(0.0, None), (-1.0, None), (None, None), (float("nan"), None), (float("inf"), None), (0.5, 0.5), (300.0, 300.0)],
)
def test_only_what_was_measured_counts(con, amount, expected):
    assert value(con, "positive_or_null(?::double)", amount) == expected


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("invalid To number +250 788 123 456", "invalid To number #"),
        ("call me on 078 812 3456", "call me on #"),
        ("LLM refused: 'my name is Keza, my phone is 0788-123-456'", "LLM refused: …"),
        ('no answer to "who are you?"', "no answer to …"),
        ("mail to keza@example.rw bounced", "mail to # bounced"),
        ("call CA32e8d3965cae2fdeb4e8475992939d7d is gone", "call # is gone"),
        ("can't open, won't retry", "can't open, won't retry"),
        ("TTS failed: Deepgram 429", "TTS failed: Deepgram 429"),
        ("upstream connect timeout after 30s", "upstream connect timeout after 30s"),
        (None, None),
    ],
)
def test_a_message_keeps_the_error_and_not_who_called(con, message, expected):
    assert value(con, "normalized_error(?::varchar)", message) == expected


@pytest.mark.parametrize(
    ("instant", "zone", "local"),
    [
        ("2026-01-11 22:00:00", "Africa/Kigali", "2026-01-12 00:00:00"),
        ("2026-03-29 00:59:59.999999", "Europe/Berlin", "2026-03-29 01:59:59.999999"),
        ("2026-03-29 01:00:00", "Europe/Berlin", "2026-03-29 03:00:00"),
        ("2026-10-25 00:30:00", "Europe/Berlin", "2026-10-25 02:30:00"),
        ("2026-10-25 01:30:00", "Europe/Berlin", "2026-10-25 02:30:00"),
        ("1969-12-31 23:59:59.5", "Asia/Kathmandu", "1970-01-01 05:29:59.5"),
        ("infinity", "Africa/Kigali", "infinity"),
        ("-infinity", "UTC", "-infinity"),
        (None, "UTC", None),
    ],
)
def test_the_time_by_a_clock(con, instant, zone, local):
    assert local == value(con, "cast(local_time(cast(? as timestamp), ?) as varchar)", instant, zone)


@given_any(st.datetimes(), st.sampled_from(["UTC", "Africa/Kigali", "Europe/Berlin", "America/St_Johns"]))
def test_the_time_by_a_clock_is_that_of_naming_utc_as_the_zone(con, instant, zone):
    ours, named = con.execute(
        "select local_time($1, $2), $1 at time zone 'UTC' at time zone $2", [instant, zone]
    ).fetchone()
    assert named == ours
