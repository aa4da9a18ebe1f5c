from datetime import datetime

import pytest

from bakame_duck.reports.tts import tables
from tests.reports.tts.test_tts_text import (
    ALL,
    ASTERIA,
    COMPARED,
    FEW,
    LINEAR,
    LONG,
    MULAW,
    NAMES,
    PITCH,
    QUESTION,
    RATE,
)
from tests.reports.weekly.test_weekly_tables import ESCAPED, HOSTILE, Cells, heads_left_out_on_a_phone

KIGALI = {"timezone": "Africa/Kigali"}
CONFIGURATION = ASTERIA | {
    "name": "Asteria",
    "turns": 400,
    "calls": 1,
    "first_used": datetime(2026, 1, 4, 10),
    "last_used": datetime(2026, 1, 9, 22),
    "p50_ms": 500.0,
    "p50_low_ms": 480.0,
    "p50_high_ms": 520.0,
    "p95_ms": 700.0,
    "p95_low_ms": None,
    "p95_high_ms": None,
    "p95_total_ms": 2400.0,
    "fallback_rate_percent": None,
    "fallback_low_percent": None,
    "fallback_high_percent": None,
    "barge_in_rate_percent": 12.5,
    "barge_in_low_percent": 10.0,
    "barge_in_high_percent": 15.0,
    "error_rate_percent": 0.5,
    "error_low_percent": 0.2,
    "error_high_percent": 1.1,
    "transcoded_percent": None,
    "avg_sentence_chunks": 2.44,
    "status": "met",
}
GROUP = ALL | {
    "interrupted_p50_ms": 394.0,
    "uninterrupted_p50_ms": 414.0,
    "interrupted_p95_ms": None,
    "uninterrupted_p95_ms": 665.0,
}
FALLBACK = {
    "provider": "deepgram",
    "voice": "aura-luna-en",
    "turns": 694,
    "fallbacks": 20,
    "attempts": 25,
    "by_another": 10,
    "fallback_rate_percent": 2.9,
    "low_percent": 1.9,
    "high_percent": 4.4,
    "fallback_p50_ms": 495.0,
    "other_p50_ms": 360.0,
    "cost_ms": 135.0,
}
STORM = {
    "started_at": datetime(2026, 1, 4, 10),
    "ended_at": datetime(2026, 1, 4, 11),
    "turns": 25,
    "bad_turns": 20,
    "bad_share_percent": 80.0,
    "usual_share_percent": 3.0,
}
AUDITION = {
    "voice": "aura-luna-en",
    "rate": 1.0,
    "pitch": "0st",
    "style": None,
    "made": 2,
    "failed": 0,
    "sample_ms": 6081.0,
    "turns": 0,
    "p50_ms": None,
    "p95_ms": None,
    "barge_in_rate_percent": None,
}
SETTINGS = "deepgram · aura-asteria-en · 0.95 · +1st · conversational · mulaw · pause 200 ms"


@pytest.mark.parametrize(
    ("block", "row"),
    [
        (
            tables.configurations_table([CONFIGURATION], **KIGALI),
            [f"Asteria{SETTINGS}", "4001 call", "4 Janto 10 Jan", "500 ms480–520", "700 ms", "2,400 ms", "–",
             "12.5%10.0–15.0", "0.5%0.2–1.1", "–", "2.4", "Met"],
        ),
        (
            tables.comparisons_table([COMPARED, RATE], NAMES),
            ["Luna", "684against 1,072", "−52 ms−62 to −42", "−76 ms−101 to −51", "−3.6−6.7 to −0.6", "–", "Better",
             "< 0.001"],
        ),
        (
            tables.comparisons_table([FEW | {"reference_turns": None}], NAMES),
            ["Asteria 1.00", "36", "–", "–", "–", "–", "Too few", "–"],
        ),
        (
            tables.settings_table([COMPARED, RATE]),
            ["Rate1.00 against 0.95", "684against 1,072", "−52 ms−62 to −42", "−76 ms−101 to −51", "−3.6−6.7 to −0.6",
             "–", "Better", "< 0.001"],
        ),
        (
            tables.settings_table([PITCH | {"turns": None, "reference_turns": None}]),
            ["Pitchother than +1st", "–", "–", "–", "–", "–", "Not isolated", "–"],
        ),
        (
            tables.interruptions_table([GROUP]),
            ["any length and pause", "2,676", "11.4%10.3–12.7", "394 ms", "414 ms", "–", "665 ms"],
        ),
        (
            tables.fallbacks_table([FALLBACK]),
            ["aura-luna-endeepgram", "694", "20", "2.9%1.9–4.4", "25", "10", "495 ms", "360 ms", "135 ms"],
        ),
        (tables.bursts_table([STORM], **KIGALI), ["4 Jan 12:00", "4 Jan 13:00", "25", "20", "80.0%", "3.0%"]),
        (
            tables.transcoding_table([LINEAR | {"turns": 204, "p95_ms": 58.4}, MULAW | {"turns": 9, "p95_ms": None}]),
            ["linear16", "204", "204", "42 ms", "58 ms", "7.7%"],
        ),
        (
            tables.plan_table([QUESTION], NAMES, "Asteria 0.95"),
            ["Pitch other than +1stnever varied alone", "0", "662", "11"],
        ),
        (
            tables.auditions_table([AUDITION]),
            ["aura-luna-en1.00 · 0st · –", "2", "0", "6,081 ms", "0", "–", "–", "–"],
        ),
    ],
    ids=["configurations", "comparisons", "too few", "settings", "not isolated", "interruptions", "fallbacks", "bursts",
         "transcoding", "plan", "auditions"],
)  # fmt: skip
def test_rows_are_set_as_a_table(block, row):
    assert row == Cells(block).rows[1]


@pytest.mark.parametrize(
    ("group", "words"),
    [
        (LONG, "6 or more sentence chunks"),
        (LONG | {"value": 1.0}, "1 sentence chunk"),
        (LONG | {"kind": "pause", "value": 200.0}, "a pause of 200 ms"),
        (LONG | {"kind": "tokens", "value": 25.0}, "25–49 tokens"),
        (LONG | {"kind": "tokens", "value": 100.0}, "100 tokens or more"),
    ],
)
def test_a_group_of_turns_is_named(group, words):
    assert words == Cells(tables.interruptions_table([GROUP | group])).rows[1][0]


@pytest.mark.parametrize(
    ("verdict", "words"),
    [("worse", "Worse"), ("not separable", "Not separable"), ("confounded", "Confounded")],
)
def test_a_verdict_is_a_chip(verdict, words):
    assert words == Cells(tables.comparisons_table([COMPARED | {"verdict": verdict}], NAMES)).rows[1][-2]


def test_absent_data_is_said_once():
    assert "No turn in this time has TTS metrics." in tables.configurations_table([], **KIGALI).html
    for block in (
        tables.comparisons_table([RATE], NAMES),
        tables.settings_table([COMPARED]),
        tables.interruptions_table([]),
        tables.fallbacks_table([]),
        tables.bursts_table([], **KIGALI),
        tables.transcoding_table([]),
        tables.plan_table([], NAMES, ""),
        tables.auditions_table([]),
    ):
        assert "" == block.html  # the sentence above has said it


def test_a_phone_leaves_out_the_columns_that_it_has_no_room_for():
    block = tables.configurations_table([CONFIGURATION], **KIGALI)

    assert [
        *("Used", "p50", "Turn, p95", "Fallbacks", "Interrupted", "Errors", "Transcoded", "Chunks"),
    ] == heads_left_out_on_a_phone(block)


@pytest.mark.parametrize(
    "block",
    [
        tables.configurations_table([CONFIGURATION | {"name": HOSTILE}], **KIGALI),
        tables.configurations_table([CONFIGURATION | {"voice": HOSTILE}], **KIGALI),
        tables.comparisons_table([COMPARED], NAMES | {2: HOSTILE}),
        tables.settings_table([RATE | {"setting": "pitch", "value": HOSTILE}]),
        tables.fallbacks_table([FALLBACK | {"voice": HOSTILE}]),
        tables.transcoding_table([LINEAR | {"turns": 1, "p95_ms": 1.0, "encoding": HOSTILE}]),
        tables.plan_table([QUESTION | {"reference": HOSTILE}], NAMES, "Asteria"),
        tables.auditions_table([AUDITION | {"pitch": HOSTILE}]),
    ],
)
def test_every_text_is_escaped(block):
    assert ESCAPED in block.html
    assert "<script" not in block.html
