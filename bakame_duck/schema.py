"""
The 31 columns of ``user_sessions.csv``, stated once.

Everything that depends on the columns (the reader, the typed projection, the
sample, the documentation) is derived from :data:`COLUMNS`. The logger only ever
appended columns, so a shorter record is a record with NULLs at its end:
:data:`LAYOUTS` holds the widths that it has written.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Column:
    """
    One column of the log.

    Attributes:
        name: As the header of the log spells it.

        type: Its DuckDB type.

        unit: ``ms``, ``s``, ``tokens`` …; empty where there is none.

        meaning: One line for people.

        example: The specification's example.
    """

    name: str
    type: str
    unit: str
    meaning: str
    example: str

    @property
    def typed(self) -> str:
        """The SQL expression that casts the raw cell; a cell that does not fit is NULL."""
        match self.type:
            case "VARCHAR":
                return self.name
            case "TIMESTAMP":
                return f"as_utc({self.name})"
            case _:
                return f"try_cast({self.name} as {self.type.lower()})"


COLUMNS = (
    Column("timestamp", "TIMESTAMP", "UTC", "Instant of the interaction", "2024-01-15T10:30:45.123Z"),
    Column("phone_number", "VARCHAR", "", "The caller's phone number", "+250788123456"),
    Column("session_id", "VARCHAR", "", "Unique session identifier", "session_001"),
    Column("module_name", "VARCHAR", "", "Learning module, or 'metrics'", "english, math, metrics"),
    Column("interaction_type", "VARCHAR", "", "Type of interaction", "voice, sms, turn_metrics"),
    Column(
        "user_input", "VARCHAR", "", "What the caller said (PII redacted)", "Hello, I want to learn [PHONE_REDACTED]"
    ),
    Column(
        "ai_response",
        "VARCHAR",
        "",
        "What the tutor answered (PII redacted)",
        "Great! Let's start with basic vocabulary",
    ),
    Column("session_duration", "DOUBLE", "s", "Duration of the interaction", "45.67"),
    Column("emotional_data", "VARCHAR", "", "Emotional analysis, a dictionary as text", '{"sentiment": "positive"}'),
    Column(
        "gamification_data", "VARCHAR", "", "Gamification state, a dictionary as text", '{"points": 10, "level": 2}'
    ),
    Column("call_id", "VARCHAR", "", "Twilio call identifier", "CAxxxxx"),
    Column("turn", "BIGINT", "", "Turn number in the conversation", "1, 2, 3..."),
    Column("asr_ms", "DOUBLE", "ms", "Speech recognition time; 0 = not run or not measured", "234.56"),
    Column("llm_ms", "DOUBLE", "ms", "Language model time; 0 = not run or not measured", "1234.78"),
    Column("tts_ms", "DOUBLE", "ms", "Speech synthesis time; 0 = not run or not measured", "456.89"),
    Column("total_ms", "DOUBLE", "ms", "Time of the whole turn", "1926.23"),
    Column("tokens_in", "BIGINT", "tokens", "Input tokens to the language model", "25"),
    Column("tokens_out", "BIGINT", "tokens", "Output tokens from the language model", "45"),
    Column("asr_confidence", "DOUBLE", "0-1", "Confidence of the speech recognition", "0.95"),
    Column("error", "VARCHAR", "", "Error message, if any", "Connection timeout"),
    Column("tts_provider", "VARCHAR", "", "Speech synthesis provider used", "deepgram, openai, twilio_say"),
    Column("tts_voice", "VARCHAR", "", "Voice model used", "aura-asteria-en, aura-luna-en"),
    Column("tts_rate", "DOUBLE", "", "Speech rate setting", "0.95, 1.0"),
    Column("tts_pitch", "VARCHAR", "semitones", "Pitch adjustment", "+1st, 0st"),
    Column("tts_style", "VARCHAR", "", "Style setting", "conversational"),
    Column("audio_encoding", "VARCHAR", "", "Output audio format", "linear16, mulaw"),
    Column("tts_fallback_count", "BIGINT", "attempts", "Fallback attempts", "0"),
    Column("audio_transcode_ms", "DOUBLE", "ms", "Time spent on audio format conversion", "12.5"),
    Column("sentence_chunks", "BIGINT", "chunks", "Sentence chunks generated", "3"),
    Column("chunk_pause_ms", "DOUBLE", "ms", "Micro-pause between chunks", "200"),
    Column("barge_in_triggered", "BOOLEAN", "", "Whether the caller interrupted the playback", "True"),
)

NAMES = tuple(column.name for column in COLUMNS)

LAYOUTS = (8, 10, 20, 31)
"""The record widths that the logger's releases have written, in cells."""

TTS_SETTINGS = ("provider", "voice", "rate", "pitch", "style", "encoding", "pause")
"""The settings that make a configuration of the speech synthesis, as the metrics name them."""
