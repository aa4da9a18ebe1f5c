r"""
Write a sample of logs: a seeded, honest model of the service, in the real logger's own format.

Nothing here reads a log, and nobody in it exists. The same arguments give the same bytes everywhere: only stable
methods of :class:`random.Random` are used, latencies are whole clock ticks, and the ``.gz`` and ``.zst`` files hold
stored blocks, because what a compressor makes of its input differs between builds.

**Callers.** Invented numbers ``+250788000NNN``. Some were there from the start, others come later; a third stay for
two weeks only. A few call often and most seldom. Calls arrive by the hour of the day in Kigali, most of them
between 15:00 and 20:00; weekends begin earlier and are quieter.

**Calls.** Each turn leaves an interaction record and, since the 20-column release, a ``turn_metrics`` record. A
caller may switch the module in mid-call. A few calls left only their metrics, a very few by callers unknown otherwise.

**Latency.** Each stage is lognormal, and the language model and the speech synthesis grow with the answer's
length. Callers do not speak before ``[CALL_START]``, so that turn has no ASR. In a quiet week every target is met.

**Errors.** About 2.4 % of the turns. The stages behind the failed one did not run, and are 0; so is a stage that
never got an answer. Only ``ASR timeout after 5s`` has its five seconds on the clock.

**The incident.** Four days before the last day, 12:10 to 15:35 UTC: the language model takes 2.2 times as long,
every sixth turn fails, with a message not seen before, and callers try again. Nine health checks in it are unhealthy.
Two days before the last, 02:00 to 02:50 UTC, nothing answers at all, and those checks are missing.

**Speech.** Each call has one of the configurations in :data:`VOICES`, drawn at random, so that they can be compared:
luna is truly faster and interrupted less than the baseline, asteria at rate 1.0 is truly its equal, alloy is slower.

**Auditions.** Two samples of each voice that callers hear and of two that they do not; one could not be made.

**Files.** Counted in days before the last day, because the newest week should be nearly unhurt: :data:`STORIES` says
what became of a file, :data:`ENDINGS` how it is kept. A sample of fewer days tells the later stories only, one of
more days starts with more 8-column days. The last day ends at 09:00 UTC, in the middle of a record.
"""

from __future__ import annotations

import csv
import io
import json
import struct
import zlib
from bisect import bisect
from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from itertools import accumulate
from operator import itemgetter
from pathlib import Path
from random import Random

from bakame_duck.errors import UsageError
from bakame_duck.sample.service import (
    DAY,
    MINUTE,
    SECOND,
    VOICES,
    Event,
    Row,
    Service,
    Timeline,
    make_callers,
)
from bakame_duck.schema import NAMES

UNHEARD: tuple[Row, ...] = (
    ("aura-luna-en", 0.95, "0st", "conversational"),
    ("aura-stella-en", 1.0, "0st", "conversational"),
)
AUDITION_NAMES = (
    *("sample_id", "voice", "rate", "pitch", "style"),
    *("duration_ms", "file_size_bytes", "file_path", "file_url", "status"),
)
FAILED_AUDITION = 12


# What the logger's csv.writer makes of the records.


def _encode(rows: Sequence[Row]) -> bytes:
    content = io.BytesIO()
    text = io.TextIOWrapper(content, encoding="utf-8", newline="")
    csv.writer(text).writerows(rows)
    text.flush()
    return content.getvalue()


def _plain_record(rows: Sequence[Row], share: float) -> int:
    """Return the index of a record of measurements, without a quote in it, from *share* of the file on."""
    start = int(len(rows) * share)
    return next((i for i in range(start, len(rows)) if len(rows[i]) > 10 and b'"' not in _encode(rows[i : i + 1])), 0)


def _sound(header: Row, rows: Sequence[Row]) -> bytes:
    return _encode([header, *rows])


def _moved(header: Row, rows: Sequence[Row]) -> bytes:
    """Rotated by mv before it: the process saw a file at its start, so the new one has no header."""
    return _encode(rows)


def _concatenated(header: Row, rows: Sequence[Row]) -> bytes:
    """Two files, of the morning and of the rest of the day, put together by cat."""
    half = len(rows) // 2
    return _sound(header, rows[:half]) + _sound(header, rows[half:])


def _cut_off(header: Row, rows: Sequence[Row]) -> bytes:
    """The last record ends in the middle: a full disk, or a record that is being written right now."""
    last = _encode(rows[-1:])
    return _sound(header, rows[:-1]) + last[: len(last) * 3 // 5]


def _glued(header: Row, rows: Sequence[Row]) -> bytes:
    """The process was killed in a record, and the next process went on behind it, on the same line."""
    torn = _plain_record(rows, 0.6)
    record = _encode(rows[torn : torn + 1])
    return _sound(header, rows[:torn]) + record[: len(record) // 2] + _encode(rows[torn + 1 :])


def _open_quote(header: Row, rows: Sequence[Row]) -> bytes:
    """The process was killed inside a quoted cell: from here on a parser takes inside for outside."""
    for torn in range(len(rows) // 5, len(rows)):
        record = _encode(rows[torn : torn + 1])
        opened = record.find(b',"') + 2
        if opened > 1 and b'"' not in record[opened : opened + 9]:
            return _sound(header, rows[:torn]) + record[: opened + 8] + _encode(rows[torn + 1 :])
    return _sound(header, rows)


def _nul_tail(header: Row, rows: Sequence[Row]) -> bytes:
    """The machine lost power: the file had got its new length, but not yet its content."""
    return _sound(header, rows) + bytes(1337)


STORIES: dict[int, Callable[[Row, Sequence[Row]], bytes]] = {
    27: _moved,
    23: _cut_off,
    22: _concatenated,
    19: _glued,
    16: _nul_tail,
    14: _open_quote,
    0: _cut_off,
}
"""What became of a file, by its day before the last day; without a story it is sound."""

UNROTATED = frozenset({32, 31, 26, 25})
"""Days before the last day at whose end nobody rotated: the next day went into the same file."""

ENDINGS: dict[int, tuple[str, ...]] = {
    **dict.fromkeys((33, 28, 15, 13, 11), (".csv.gz",)),
    18: (".csv.zst",),
    17: (".csv", ".csv.gz"),
}
"""How a day's file is kept, where that is not plain; two endings are the same records, present twice."""


def _names(days_before: int, day: date) -> list[str]:
    """Return the names under which a day's file lies in the folder."""
    if days_before <= 2:
        return ["user_sessions.csv" + ("", ".1", ".2.gz")[days_before]]
    stamp = f"{day:%Y%m%d}" if 8 <= days_before <= 20 else f"{day:%Y-%m-%d}"
    return [f"user_sessions_{stamp}{ending}" for ending in ENDINGS.get(days_before, (".csv",))]


def _packed(name: str, content: bytes) -> bytes:
    return {".gz": _gzip, ".zst": _zstd}.get(Path(name).suffix, bytes)(content)


def _gzip(content: bytes) -> bytes:
    """Return a gzip file of stored blocks, without a name or a time (RFC 1952 and 1951)."""
    blocks = b"".join(
        struct.pack("<BHH", last, len(block), len(block) ^ 0xFFFF) + block for last, block in _blocks(content, 0xFFFF)
    )
    return b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + blocks + struct.pack("<II", zlib.crc32(content), len(content) % 2**32)


def _zstd(content: bytes) -> bytes:
    """Return a zstd frame of raw blocks, with the size of its content and a window of 128 KiB (RFC 8878)."""
    blocks = b"".join(
        (len(block) << 3 | last).to_bytes(3, "little") + block for last, block in _blocks(content, 1 << 17)
    )
    return b"\x28\xb5\x2f\xfd\xc0\x38" + len(content).to_bytes(8, "little") + blocks


def _blocks(content: bytes, size: int) -> Iterator[tuple[bool, bytes]]:
    for start in range(0, len(content), size):
        yield start + size >= len(content), content[start : start + size]


def _auditions(rng: Random) -> bytes:
    """Return what listening to voices left: two samples of each that callers hear, and of two that they do not."""
    heard = [voice.cells[1:5] for voice in VOICES]
    rows: list[Row] = []
    for number, (voice, rate, pitch, style) in enumerate([*heard, *UNHEARD] * 2, start=1):
        path = f"samples/sample_{number:02}_{voice}.wav"
        length = round(6200 / float(str(rate)) + rng.gauss(0, 120), 1)
        made = (length, round(length * 16) + 44, path, f"https://example.rw/{path}", "success")
        failed = (0, 0, "", "", "failed")
        rows.append((number, voice, rate, pitch, style, *(failed if number == FAILED_AUDITION else made)))
    return _encode([AUDITION_NAMES, *rows])


def _health_checks(timeline: Timeline, rng: Random) -> str:
    """Return what cron's curl appended every ten minutes, for the last two weeks and the rest of their first day."""
    bad_begin = timeline.incident[0] + 20 * MINUTE
    lines = []
    for slot in range(max(0, timeline.at(15, 22)), timeline.end, 10 * MINUTE):
        jitter = rng.randrange(SECOND, 3 * SECOND)
        if timeline.outage[0] <= slot <= timeline.outage[1]:
            continue
        ill = bad_begin <= slot < bad_begin + 90 * MINUTE
        names = ("redis", "database", "llama_api", "openai_api", "deepgram_api")
        answer = {
            "status": "unhealthy" if ill else "healthy",
            "service": "bakame-mvp",
            "timestamp": (timeline.midnight + timedelta(microseconds=slot + jitter)).isoformat(),
            "checks": {name: {"status": "unhealthy" if ill and name == "llama_api" else "healthy"} for name in names},
        }
        lines.append(json.dumps(answer, separators=(",", ":")) + "\n")
    return "".join(lines)


def _quotas(timeline: Timeline, rng: Random, rows: int) -> list[int]:
    """Return how many records there are by the end of each day, over the whole sample *rows*."""
    volumes = [sum(timeline.arrivals(day)) * rng.uniform(0.95, 1.05) for day in range(timeline.days)]
    return [round(rows * volume / sum(volumes)) for volume in accumulate(volumes)]


def write_sample(
    folder: Path,
    *,
    days: int = 35,
    rows_per_day: int = 260,
    seed: int = 1,
    last_day: date = date(2026, 1, 19),
    progress: Callable[[int, int], None] | None = None,
) -> list[Path]:
    """
    Write a sample of rotated logs and of health checks into *folder*, and return their paths.

    Args:
        folder: Where to; it is made where it is missing.

        days: Days of log, the last of which is a morning only.

        rows_per_day: Records a day, in the mean over all days; a file present twice counts once.

        seed: The same seed gives the same bytes.

        last_day: The day, in UTC, on whose morning the sample is taken.

        progress: Called after each day with the days done and all days.

    Raises:
        UsageError: The folder already holds logs, or the sample would have no days or no rows.
    """
    if days < 1 or rows_per_day < 1:
        raise UsageError("A sample needs days and rows", hint="Give at least one day and one row per day.")
    ours = ("user_sessions", "health_checks", "voice_audition_results")
    if folder.is_dir() and any(path.name.startswith(ours) for path in folder.iterdir()):
        raise UsageError(f"{folder} already holds logs", hint="Name a new or an empty folder for the sample.")
    folder.mkdir(parents=True, exist_ok=True)

    # The word was chosen so that the default sample's newest week shows what the model says, not a freak of chance.
    timeline, rng = Timeline(last_day - timedelta(days=days - 1), days), Random(f"amahoro {seed}")
    callers = make_callers(rng, 30 + days * rows_per_day // 100, 1 + days // 7)
    service, quotas = Service(timeline, rng, callers), _quotas(timeline, rng, days * rows_per_day)
    paths: list[Path] = []
    waiting: list[Event] = []
    opened, rows, written = 0, list[Row](), 0
    for day, quota in enumerate(quotas):
        # A call can last beyond midnight, so its last records wait for the next day's file.
        waiting = sorted(waiting + service.day(day, quota - written - len(waiting)), key=itemgetter(0))
        due = bisect(waiting, (day + 1) * DAY - 1, key=itemgetter(0))
        rows += [(row + NOTHING)[: timeline.width(at)] for at, row in waiting[:due]]
        written, waiting = written + due, waiting[due:]
        days_before = days - 1 - day
        if days_before not in UNROTATED:
            story = STORIES.get(days_before, _sound) if len(rows) > 1 else _sound
            content = story(NAMES[: timeline.width(opened)], rows)
            for name in _names(days_before, timeline.first_day + timedelta(days=day)):
                paths.append(folder / name)
                paths[-1].write_bytes(_packed(name, content))
            opened, rows = (day + 1) * DAY, []
        if progress:
            progress(day + 1, days)
    paths.append(folder / "health_checks.jsonl")
    paths[-1].write_text(_health_checks(timeline, rng), encoding="utf-8", newline="\n")
    paths.append(folder / "voice_audition_results.csv")
    paths[-1].write_bytes(_auditions(Random(f"amajwi {seed}")))
    return paths


NOTHING: Row = (None,) * 21
