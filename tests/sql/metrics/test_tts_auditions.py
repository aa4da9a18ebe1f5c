"""Voice auditions: how they are read, and how they are set against what callers heard."""

import polars as pl
import pytest

from bakame_duck import metric
from bakame_duck.reports.provenance import read_provenance

HEADER = "sample_id,voice,rate,pitch,style,duration_ms,file_size_bytes,file_path,file_url,status\n"
LUNA = "1,luna,1.0,0st,conversational,6000.5,96000,samples/1.wav,https://example.rw/1.wav,success\n"
HEARD = {
    "tts_provider": "deepgram",
    "tts_voice": "luna",
    "tts_rate": 1.0,
    "tts_pitch": "0st",
    "tts_style": "conversational",
}
AT = "2026-01-04 10:00:00"


def auditioned(given, text, *turns, name="voice_audition_results.csv", encoding="utf-8"):
    (given.folder / name).write_bytes(text.encode(encoding))
    return given.turns(*turns)


def test_a_sample_is_read_with_its_types(given):
    con = auditioned(given, HEADER + LUNA, (AT, None))

    row = con.sql("select * exclude source_file from voice_auditions").fetchall()

    assert row == [
        (
            "1",
            "luna",
            1.0,
            "0st",
            "conversational",
            6000.5,
            96000,
            "samples/1.wav",
            "https://example.rw/1.wav",
            "success",
        )
    ]


def test_samples_stand_beside_what_callers_heard_of_the_same_voice(given):
    second = LUNA.replace("6000.5", "5000.5").replace("1,luna", "2,luna")
    failed = "3,luna,1.0,0st,conversational,0,0,,,error: 429\n"
    stella = LUNA.replace("luna", "stella")
    con = auditioned(
        given, HEADER + LUNA + second + failed + stella,
        (AT, None, HEARD | {"tts_ms": 400.0, "barge_in_triggered": True}),
        (AT, None, HEARD | {"tts_ms": 600.0, "barge_in_triggered": False, "audio_encoding": "mulaw"}),
        (AT, None, HEARD | {"tts_rate": 0.9}),
    )  # fmt: skip

    rows = metric(con, "tts_auditions").select(
        "voice", "made", "failed", "sample_ms", "turns", "p50_ms", "barge_in_rate_percent"
    )

    assert rows.fetchall() == [("luna", 2, 1, 5500.5, 2, 500.0, 50.0), ("stella", 1, 0, 6000.5, 0, None, None)]


def test_several_files_are_read_together(given):
    auditioned(given, HEADER + LUNA, name="voice_audition_results_2025-12-01.csv")
    con = auditioned(given, HEADER + LUNA, (AT, None))

    assert con.sql("select count(*) from voice_auditions").fetchall() == [(2,)]


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("", 0),
        (HEADER, 0),
        ("\0\xff\n", 0),
        (HEADER + LUNA + '4,"unfinished', None),
        ("voice,status\nluna,success\n", 1),
        (HEADER + "1,luna,fast,0st,x,long,big,,,success,more,and more\n", 1),
        ("\ufeff" + HEADER + LUNA, 1),
        (HEADER.replace("\n", "\r\n") + LUNA.replace("\n", "\r\n"), 1),
    ],
    ids=["empty", "header only", "no text", "torn", "two columns", "ragged", "byte order mark", "CRLF"],
)
def test_a_file_that_is_not_as_it_should_be_does_no_harm(given, text, rows):
    con = auditioned(given, text, (AT, None, HEARD))

    found = con.sql("select voice from voice_auditions").fetchall()

    assert rows is None or len(found) == rows
    assert {("luna",)} >= set(found)
    assert len(metric(con, "tts_auditions").fetchall()) <= 1


@pytest.mark.parametrize("name", ["voice_audition_results.csv", "voice_audition_results\udcff.csv"])
def test_a_file_that_gives_nothing_is_in_the_provenance_all_the_same(given, name):
    con = auditioned(given, "", (AT, None), name=name)

    (file,) = read_provenance(con).parts["voice_auditions"]

    assert (0, 0) == (file["bytes"], file["lines"])


def test_a_file_that_cannot_be_read_does_no_harm(given, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError

    monkeypatch.setattr(pl, "read_csv", refuse)
    con = auditioned(given, HEADER + LUNA, (AT, None))

    assert con.sql("from voice_auditions").fetchall() == []
    assert 1 == len(read_provenance(con).parts["voice_auditions"])


def test_a_cell_that_is_no_number_is_null(given):
    con = auditioned(given, HEADER + "1,luna,fast,0st,x,long,big,,,success\n", (AT, None))

    assert con.sql("select rate, duration_ms, file_size_bytes from voice_auditions").fetchall() == [(None,) * 3]
