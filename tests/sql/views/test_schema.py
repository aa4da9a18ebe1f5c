import re

import pytest

from bakame_duck.resources import resource_folder
from bakame_duck.schema import COLUMNS, LAYOUTS, NAMES

SPECIFICATION = {
    "timestamp": "TIMESTAMP",
    "phone_number": "VARCHAR",
    "session_id": "VARCHAR",
    "module_name": "VARCHAR",
    "interaction_type": "VARCHAR",
    "user_input": "VARCHAR",
    "ai_response": "VARCHAR",
    "session_duration": "DOUBLE",
    "emotional_data": "VARCHAR",
    "gamification_data": "VARCHAR",
    "call_id": "VARCHAR",
    "turn": "BIGINT",
    "asr_ms": "DOUBLE",
    "llm_ms": "DOUBLE",
    "tts_ms": "DOUBLE",
    "total_ms": "DOUBLE",
    "tokens_in": "BIGINT",
    "tokens_out": "BIGINT",
    "asr_confidence": "DOUBLE",
    "error": "VARCHAR",
    "tts_provider": "VARCHAR",
    "tts_voice": "VARCHAR",
    "tts_rate": "DOUBLE",
    "tts_pitch": "VARCHAR",
    "tts_style": "VARCHAR",
    "audio_encoding": "VARCHAR",
    "tts_fallback_count": "BIGINT",
    "audio_transcode_ms": "DOUBLE",
    "sentence_chunks": "BIGINT",
    "chunk_pause_ms": "DOUBLE",
    "barge_in_triggered": "BOOLEAN",
}


def test_the_columns_are_those_of_the_specification_in_its_order():
    assert [(column.name, column.type) for column in COLUMNS] == list(SPECIFICATION.items())


@pytest.mark.parametrize(
    ("layout", "last"), [(8, "session_duration"), (10, "gamification_data"), (20, "error"), (31, "barge_in_triggered")]
)
def test_a_release_of_the_logger_appended_whole_columns(layout, last):
    assert layout in LAYOUTS
    assert NAMES[layout - 1] == last


def test_every_column_has_a_meaning_and_an_example():
    assert all(column.meaning and column.example for column in COLUMNS)


def test_the_first_example_of_every_column_fits_its_type(given):
    examples = {
        column.name: column.example if column.name.endswith("_data") else column.example.split(",")[0]
        for column in COLUMNS
    }

    con = given.records(examples, layout=31)

    (row,) = con.execute(f"select {', '.join(NAMES)} from user_sessions").fetchall()
    assert None not in row
    assert con.execute("from ingest_cells").fetchall() == []


def test_user_sessions_has_the_columns_and_types_of_the_schema_and_the_source(emitter):
    described = [row[:2] for row in emitter.execute("describe user_sessions").fetchall()]

    assert described == [*SPECIFICATION.items(), ("source_file", "VARCHAR"), ("source_row", "BIGINT")]


@pytest.mark.parametrize(
    "path", sorted(resource_folder("sql").rglob("*.sql")), ids=lambda path: f"{path.parent.name}/{path.stem}"
)
def test_the_header_of_an_sql_file_states_its_meaning_and_that_of_a_relation_its_grain(path):
    text = path.read_text()
    header = re.match(r"(--.*\n)+", text)

    assert header
    created = re.findall(r"^create (?:or replace )?(?:view|macro|table if not exists) ([\w.]+)", text, re.MULTILINE)
    assert created == [f"internal.{path.stem}" if path.parent.name == "internal" else path.stem]
    if path.parent.name != "functions":
        assert "\n-- Grain: " in header[0]
