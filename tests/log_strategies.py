"""
Sound log files, whole, for tests with many examples.

Hypothesis draws what can go wrong: layouts, quoting, line breaks, headers, blank lines and the texts that
imitate log rows. What is between comes from a random generator whose seed is drawn, so that twenty files
fit in one example.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import random
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest
from hypothesis import strategies as st

from bakame_duck.ingest import inspection, scanner
from bakame_duck.schema import COLUMNS, LAYOUTS, NAMES
from tests.conftest import as_csv

BOM = b"\xef\xbb\xbf"
LINE_BREAKS = ("\r\n", "\n")
QUOTINGS = (csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC)
TEXT_POSITIONS = [position for position, column in enumerate(COLUMNS) if column.type == "VARCHAR" and position > 4]
SHAPES = ["record", "records", "header", "torn", "amid", "nested"]
WORDS = [
    "Muraho",
    "neza, cyane",
    "ubufasha",
    "What's",
    "3 × 4",
    "fractions",
    "émotion très forte",
    "😀",
    "it's",
    "yego",
]
JUNK = ["N/A", "two", "-", "None", "null", "1,5", "12 ms", "?"]
PIECES = [
    *("\n", "\r\n", "\r", "\n\n", "\r\n\r\n", "\t", "\u2028", "\u0085", "\x1c", "\x0b", "\ufeff", "\ufffd"),
    *('"', '""', '"""', ",", '","', '",', ',"', '"\r\n', '\n"', "'", "\\", '\\"', " ", ",,,,,,,"),
    *("𝔐𝕦", "👩🏽‍🏫", "émotion", "<script>", "=1+1", "[CALL_START]", "{'a': None, 'b': \"it's\"}", '{"points": 10}'),
    *("2026-01-19T10:30:45.123Z", "2026-01-19T10:30:45,", "timestamp,phone_number"),
    "\r\ntimestamp,phone_number,session_id\r\n",
]  # fmt: skip


@dataclass(frozen=True)
class Log:
    """
    A sound log file.

    Attributes:
        number: Which of its folder; every record names it in its session id.

        content: Not compressed.

        spans: Where each record starts and ends, its line break included.

        suffix: ``""``, ``".gz"`` or ``".zst"``.

        mixed: Whether its records and blank lines end in more than one kind of line break.
    """

    number: int
    content: bytes = field(repr=False)
    spans: tuple[tuple[int, int], ...] = field(repr=False)
    suffix: str = field(repr=False)
    mixed: bool = field(repr=False)

    @property
    def name(self) -> str:
        return f"user_sessions_{self.number:04}.csv{self.suffix}"

    @property
    def packed(self) -> bytes:
        return packed(self.content, self.suffix)


def packed(content: bytes, suffix: str) -> bytes:
    match suffix:
        case ".gz":
            return gzip.compress(content, 1, mtime=0)
        case ".zst":
            return pa.Codec("zstd").compress(content, asbytes=True)
        case _:
            return content


def read_by_python(content: bytes) -> list[list[str]]:
    """Return the records of a sound file as Python's own reader finds them, without blank lines and headers."""
    rows = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""))
    return [row for row in rows if row and row[:2] != list(NAMES[:2])]


def as_text(row: list[str]) -> tuple[str | None, ...]:
    """Return the 31 cells of a record; those that are empty or missing are NULL."""
    return tuple((row[position] or None) if position < len(row) else None for position in range(len(NAMES)))


def as_values(row: list[str]) -> tuple[object, ...]:
    """Return the 31 typed cells of a record; those that are no value of their type are NULL."""
    return tuple(_value(column.type, cell) for column, cell in zip(COLUMNS, as_text(row), strict=True))


def _value(kind: str, cell: str | None) -> object:
    if cell is None or kind == "VARCHAR":
        return cell
    try:
        match kind:
            case "TIMESTAMP":
                at = datetime.fromisoformat(cell)
                return at.astimezone(UTC).replace(tzinfo=None) if at.tzinfo else at
            case "DOUBLE":
                return float(cell)
            case "BIGINT":
                return number if -(2**63) <= (number := int(cell)) < 2**63 else None
            case "BOOLEAN":
                return {"true": True, "false": False}[cell.lower()]
    except (ValueError, KeyError):
        return None
    raise AssertionError(kind)


# What the logger writes when nothing is odd


def ordinary(rng: random.Random, session_id: str, layout: int, *, odd: bool = True) -> list[object]:
    """Return the cells of a record of the call *session_id*, now and then with an *odd* text."""
    text = _odd_text(rng) if odd and rng.random() < 0.2 else _text(rng)
    number, count, dictionary = _number(rng), _count(rng), _dictionary(rng)
    return [
        _instant(rng),
        rng.choice([f"+2507{rng.randrange(10**8):08}", f"whatsapp:+2507{rng.randrange(10**8):08}", "anonymous", ""]),
        session_id,
        rng.choice(["math", "english", "metrics", "debate", "comprehension", "Ikinyarwanda 2"]),
        rng.choice(["voice", "sms", "turn_metrics", "voice_call"]),
        text,
        _text(rng),
        number,
        dictionary,
        _dictionary(rng),
        rng.choice(["", session_id]),
        count,
        *(_number(rng) for _ in range(4)),
        *(_count(rng) for _ in range(2)),
        rng.choice(["", "N/A", 0, 0.95, 1.0, rng.random()]),
        rng.choice(["", "", "ASR timeout", "Deepgram 429, retried", "openai: {'code': \"rate_limit\"}"]),
        rng.choice(["", "deepgram", "openai", "twilio_say"]),
        rng.choice(["", "aura-asteria-en"]),
        rng.choice(["", 0.95, "1.0", "fast"]),
        rng.choice(["", "+1st", "0st", "-2st"]),
        rng.choice(["", "conversational"]),
        rng.choice(["", "linear16", "mulaw"]),
        _count(rng),
        _number(rng),
        _count(rng),
        _number(rng),
        rng.choice(["", "True", "False", "true", "false", True, False, "maybe"]),
    ][:layout]


def _instant(rng: random.Random) -> str:
    at = datetime(2024, 1, 1) + timedelta(seconds=rng.randrange(3 * 366 * 86400), microseconds=rng.randrange(10**6))
    match rng.randrange(8):
        case 0 | 1 | 2:
            return at.isoformat()
        case 3:
            return at.replace(microsecond=0).isoformat()
        case 4:
            return at.isoformat(timespec="milliseconds")
        case 5:
            return at.isoformat(timespec="milliseconds") + "Z"
        case 6:
            return at.isoformat(timespec=rng.choice(["seconds", "microseconds"])) + rng.choice(["+02:00", "-05:30"])
        case _:
            return at.isoformat(timespec=rng.choice(["seconds", "microseconds"])) + rng.choice(["+0200", "-0330"])


def _text(rng: random.Random) -> str:
    match rng.randrange(8):
        case 0:
            return ""
        case 1:
            return rng.choice(["one\r\ntwo", "first,\nsecond\n", 'say "yego"', '"quoted"', "a, b and c", "[PHONE]"])
        case _:
            return " ".join(rng.choices(WORDS, k=rng.randint(1, 5)))


def _odd_text(rng: random.Random) -> str:
    if rng.random() < 0.5:
        return "".join(rng.choices(PIECES, k=rng.randint(1, 6)))
    return _imitation(rng.choice(SHAPES), rng.getrandbits(24), rng.choice(LINE_BREAKS))


def _number(rng: random.Random) -> object:
    match rng.randrange(8):
        case 0 | 1:
            return ""
        case 2:
            return rng.choice(JUNK) if rng.random() < 0.4 else 0
        case 3:
            return rng.choice([rng.uniform(0, 1e-5), rng.uniform(0, 1e18), -rng.random(), rng.randrange(10**6)])
        case 4:
            return f"{rng.uniform(0, 5000):.2f}"
        case _:
            return rng.uniform(0, 5000)


def _count(rng: random.Random) -> object:
    match rng.randrange(8):
        case 0 | 1:
            return ""
        case 2:
            return rng.choice(JUNK) if rng.random() < 0.4 else rng.choice([2**63 - 1, -(2**63), 2**63, -1])
        case _:
            return rng.choice([rng.randrange(100), rng.randrange(10**6), str(rng.randrange(100))])


def _dictionary(rng: random.Random) -> str:
    value = {"points": rng.randrange(100), "mood": rng.choice(["happy", "it's", None, True]), "level": rng.random()}
    return rng.choice(["", str(value), str(value), json.dumps(value)])


# What imitates the logger


def _imitation(shape: str, seed: int, new_line: str) -> str:
    """Return a text that looks like log rows, as csv writes them."""
    rng = random.Random(seed)
    layout = rng.choice(LAYOUTS)

    def record(text: str | None = None) -> str:
        cells = ordinary(rng, f"CA{rng.getrandbits(128):032x}", layout, odd=False)
        if text is not None:
            cells[5] = text
        return as_csv(cells, new_line=new_line, quoting=rng.choice(QUOTINGS)).decode()

    match shape:
        case "record":
            return record()
        case "records":
            return "".join(record() for _ in range(rng.randint(2, 5)))
        case "header":
            return as_csv(NAMES[:layout], new_line=new_line).decode() + rng.choice(["", record()])
        case "torn":
            whole = record()
            return rng.choice(["", new_line, "see:" + new_line, record()]) + whole[: rng.randrange(1, len(whole))]
        case "amid":
            return f"I said: {rng.choice(['', new_line])}{record()}{record()}" + rng.choice(WORDS)
        case _:
            return record(record(record())) + rng.choice(["", record()])


IMITATIONS = st.builds(
    _imitation,
    st.sampled_from(SHAPES),
    st.integers(0, 2**24),
    st.sampled_from(LINE_BREAKS),
)
TEXTS = st.one_of(
    st.lists(st.sampled_from(PIECES), max_size=5).map("".join),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8),
    IMITATIONS,
    st.none(),  # what was logged last, word for word
)
LINES = st.tuples(
    st.sampled_from(["record"] * 8 + ["header", "blank"]),
    st.sampled_from(LAYOUTS),
    st.integers(0, 2**32 - 1),
    st.lists(st.tuples(st.sampled_from(TEXT_POSITIONS), TEXTS), max_size=3),
)


def logs(
    number: int, *, min_size: int = 1, max_size: int = 8, quotings: tuple[int, ...] = QUOTINGS
) -> st.SearchStrategy[Log]:
    """Return sound log files of some lines; *number* tells each from the others in its folder."""
    return st.builds(
        _log,
        st.just(number),
        st.lists(LINES, min_size=min_size, max_size=max_size),
        st.sampled_from([0, *LAYOUTS]),
        st.sampled_from([LINE_BREAKS[:1], LINE_BREAKS[:1], LINE_BREAKS[1:], LINE_BREAKS]),
        st.sampled_from(quotings),
        st.booleans(),
        st.sampled_from(["", "", ".gz", ".zst"]),
    )


def _log(
    number: int,
    lines: list[tuple[str, int, int, list[tuple[int, str | None]]]],
    header: int,
    line_breaks: tuple[str, ...],
    quoting: int,
    marked: bool,
    suffix: str,
) -> Log:
    content = BOM if marked else b""
    spans: list[tuple[int, int]] = []
    used: set[str] = set()
    latest = ""
    for kind, layout, seed, oddities in [("header", header, 0, []), *lines] if header else lines:
        rng = random.Random(seed)
        new_line = line_breaks[seed % len(line_breaks)]
        used.add(new_line)
        match kind:
            case "blank":
                content += new_line.encode()
            case "header":
                content += as_csv(NAMES[:layout], new_line=new_line, quoting=quoting)
            case _:
                cells = ordinary(rng, f"CA{number:08x}{len(spans):08x}{rng.getrandbits(64):016x}", layout)
                for position, text in oddities:
                    if position < layout:
                        cells[position] = latest[:2000] if text is None else text
                written = as_csv(cells, new_line=new_line, quoting=quoting)
                spans.append((len(content), len(content) + len(written)))
                latest = written.decode()
                content += written
    return Log(number, content, tuple(spans), suffix, len(used) > 1)


# How many bytes of a log are read at once, and how many of a live one make a part: the usual, or a few, so that
# records of these small files span several.
read_sizes = st.tuples(st.sampled_from([None, 97, 701]), st.sampled_from([None, 300]))


@contextmanager
def reading_at_once(stretch, part):
    with pytest.MonkeyPatch.context() as patch:
        for module, name, size in ((scanner, "CHUNK_SIZE", stretch), (inspection, "_PART", part)):
            if size:
                patch.setattr(module, name, size)
        yield
