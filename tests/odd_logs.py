"""
Logs of weeks that no healthy service has: outages of days or weeks, silence, one caller, no module, invalid cells.

Everything is drawn from a seed: one to four spans of time, each with its own habits of the service.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

from bakame_duck.sample.logs import AUDITION_NAMES
from bakame_duck.schema import COLUMNS, NAMES
from tests.conftest import INTERACTION, TURN, as_csv, cells

UNTIL = datetime(2026, 1, 19)
STAGES = {"asr": 300, "llm": 1500, "tts": 500}  # and their usual ms
NUMBERS = ["0", "-1", "-0.0", "1e-300", "1e308", "1e19", "999999999999", "3.14159", "N/A", "nan", "inf", "true"]
TEXTS = ["", " ", "x", "it's", '"', "a\nb", "{}", '{"mood": 1}', "[1", "m" * 300, "timeout after 30 s", "é 😀"]
_NUMERIC = [column.name for column in COLUMNS if column.type in ("DOUBLE", "BIGINT")]


@dataclass
class Habits:
    """
    What the service does in a span of time.

    Attributes:
        kinds: Of its records.

        callers: Their numbers.

        modules: Those that are told.

        failing: Stages that fail, and how often; those behind do not run then.

        empty: Columns that stay empty.

        senseless: The share of numbers that make no sense.

        undated: The share of records without an instant.

        tts: How it speaks, each way as the columns have it.
    """

    kinds: list[str]
    callers: list[str]
    modules: list[str]
    failing: dict[str, float] = field(default_factory=dict)
    empty: list[str] = field(default_factory=list)
    senseless: float = 0
    undated: float = 0
    tts: list[dict[str, Any]] = field(default_factory=list)


def any_habits(rng: random.Random) -> Habits:
    """Draw habits."""
    voices = [
        {
            "tts_provider": rng.choice(["google", "twilio_say", ""]),
            "tts_voice": rng.choice(["a", "b", ""]),
            "tts_rate": rng.choice([1.0, 0.9, ""]),
            "tts_pitch": rng.choice(["+2st", "-10%", "high", ""]),
            "tts_style": rng.choice(["calm", ""]),
            "audio_encoding": rng.choice(["mulaw", ""]),
            "chunk_pause_ms": rng.choice([0, 200, ""]),
        }
        for _ in range(rng.choice([1, 1, 2, 5]))
    ]
    return Habits(
        kinds=rng.choice([["turn"], ["voice"], ["sms"], ["turn", "voice"], ["turn", "voice", "sms"], ["turn", ""]]),
        callers=rng.choice([[""], ["+250788000001"], [f"+2507880000{place}" for place in range(10, 40)]]),
        modules=rng.choice([[""], ["math"], ["math", "english", "debate", "<i>"]]),
        failing={stage: rng.choice([0, 0, 0.1, 1]) for stage in STAGES},
        empty=rng.sample(NAMES[1:], rng.choice([0, 0, 3, 20])),
        senseless=rng.choice([0, 0, 0, 0.1, 1]),
        undated=rng.choice([0, 0, 0, 0.2, 1]),
        tts=voices,
    )


def records(
    rng: random.Random, habits: Habits, since: datetime, until: datetime, count: int, *, short_calls: bool = False
) -> Iterator[list[str]]:
    """Yield records of a time, as cells; *short_calls* last up to three hours, and no two share an id."""
    starts = [since + (until - since) * random.Random(f"{since} {call}").random() for call in range(1 + count // 6)]
    for _ in range(count):
        at = since + (until - since) * rng.random()
        number = rng.randrange(len(starts))
        call = f"CA{number}"
        if short_calls:
            at = starts[number] + timedelta(hours=3) * rng.random()
            call = f"CA{since:%m%d}-{number}"
        record = {"phone_number": rng.choice(habits.callers), "session_id": call}
        kind = rng.choice(habits.kinds)
        if kind == "turn":
            record |= TURN | record | turn(rng, habits) | {"call_id": rng.choice([call, call, ""])}
        else:
            record = INTERACTION | record | {"interaction_type": kind, "module_name": rng.choice(habits.modules)}
            record |= {name: rng.choice(TEXTS) for name in ("user_input", "ai_response", "emotional_data")}
        record["timestamp"] = "" if rng.random() < habits.undated else at.isoformat()
        record |= {name: rng.choice(NUMBERS) for name in _NUMERIC if rng.random() < habits.senseless}
        yield cells(record | dict.fromkeys(habits.empty, ""))


def turn(rng: random.Random, habits: Habits) -> dict[str, Any]:
    """Draw the timings of a turn, and how it ended."""
    took = {stage: round(usual * rng.lognormvariate(0, 0.5), 1) for stage, usual in STAGES.items()}
    error = rng.choice(["", "", "", "no answer"])
    for stage in reversed(STAGES):
        if rng.random() < habits.failing.get(stage, 0):
            took |= dict.fromkeys(list(STAGES)[list(STAGES).index(stage) :], 0)
            error = f"{stage}: " + rng.choice(TEXTS)
    return {
        **{f"{stage}_ms": ms for stage, ms in took.items()},
        "total_ms": round(sum(took.values()) + 50, 1),
        "error": error,
        "tokens_out": rng.randrange(90),
        "sentence_chunks": rng.randrange(5),
        "tts_fallback_count": rng.choice([0, 0, 0, 1]),
        "audio_transcode_ms": rng.choice(["", 12]),
        "barge_in_triggered": rng.choice(["true", "false", ""]),
        **(rng.choice(habits.tts) if habits.tts else {}),
    }


def write_odd_logs(folder: Path, seed: int, *, short_calls: bool = False) -> None:
    """
    Write logs of up to nine weeks before :data:`UNTIL`, and some after it, into *folder*.

    Args:
        folder: Where to write them.

        seed: Of everything that is drawn.

        short_calls: Whether calls last up to three hours, each with an id of its own; else a call's records are spread
            over weeks, and several calls have the same id.
    """
    rng = random.Random(seed)
    edges = sorted(rng.sample(range(-63, 3), rng.choice([2, 2, 3, 5])))
    for number, (first, last) in enumerate(pairwise(edges)):
        since, until = (UNTIL + timedelta(days=days) for days in (first, last))
        count = rng.choice([1, 5, 60, 150])
        name = "user_sessions.csv" if last == edges[-1] and rng.random() < 0.5 else f"user_sessions_{number}.csv"
        drawn = records(rng, any_habits(rng), since, until, count, short_calls=short_calls)
        (folder / name).write_bytes(as_csv(*drawn))
    if rng.random() < 0.5:
        write_health_checks(folder / "health_checks.jsonl", rng)
    if rng.random() < 0.3:
        numbers = {"rate", "duration_ms", "file_size_bytes"}
        rows = [[rng.choice(NUMBERS if name in numbers else TEXTS) for name in AUDITION_NAMES] for _ in range(5)]
        (folder / "voice_audition_results.csv").write_bytes(as_csv(AUDITION_NAMES, *rows))


def write_health_checks(path: Path, rng: random.Random) -> None:
    """Write answers of the health check, with hours of silence, and lines that are none."""
    begin = UNTIL - timedelta(days=rng.choice([1, 7, 30]))
    status = rng.choice([["healthy"], ["unhealthy"], ["healthy", "healthy", "degraded", None, 1]])
    lines = [
        json.dumps({"timestamp": (begin + timedelta(minutes=minute)).isoformat() + "Z", "status": rng.choice(status)})
        for minute in range(0, rng.choice([1, 600, 9000]), 10)
        if rng.random() < 0.9
    ]
    path.write_text("\n".join([*lines, *rng.sample(["", "junk", "{}", "[]", '{"timestamp": 1}'], 2)]))
