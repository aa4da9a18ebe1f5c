"""
A seeded model of the service: callers, calls, turns, errors, voices.

Nothing here knows a file format; ``logs`` writes what happens here as log files.
"""

from __future__ import annotations

import json
import math
from bisect import bisect
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from functools import cached_property
from itertools import accumulate
from random import Random

from bakame_duck.schema import LAYOUTS

Row = tuple[object, ...]
Event = tuple[int, Row]
SAY: Row = ("twilio_say", "Polly.Joanna", 1.0, None, None, "mulaw")
NO_SPEECH: Row = (None,) * 11

SECOND = 1_000_000
MINUTE = 60 * SECOND
DAY = 24 * 60 * MINUTE
KIGALI = timezone(timedelta(hours=2))

WORKDAY = (1, 0.5, 0.3, 0.3, 0.5, 1.5, 3, 5, 6, 6, 6, 6.5, 7, 7, 8, 11, 12, 12, 12, 11, 9, 6, 3.5, 2)
WEEKEND = (1.5, 0.8, 0.4, 0.3, 0.4, 1, 2, 4, 7, 8.5, 9, 9, 8, 7, 7, 8, 9, 9, 8.5, 8, 6, 4, 2.5, 1.5)
"""Share of the calls by local hour of the day, from midnight."""

MODULES = ("english", "math", "comprehension", "debate", "general")


@dataclass(frozen=True)
class Voice:
    """
    A configuration of the speech synthesis, and how it truly behaves.

    Attributes:
        share: Share of the calls that are given it.

        cells: ``tts_provider``, ``tts_voice``, ``tts_rate``, ``tts_pitch``, ``tts_style``, ``audio_encoding``.

        pause: ``chunk_pause_ms``.

        slowness: Its factor on the synthesis time.

        eagerness: Its factor on the chance of a barge-in.

        fallback: Chance of a fallback in a turn.

        transcode: Shortest and longest ``audio_transcode_ms``.
    """

    share: float
    cells: Row
    pause: int
    slowness: float = 1.0
    eagerness: float = 1.0
    fallback: float = 0.03
    transcode: tuple[float, float] = (0.0, 0.0)


VOICES = (
    Voice(0.41, ("deepgram", "aura-asteria-en", 0.95, "+1st", "conversational", "mulaw"), 200),
    Voice(0.26, ("deepgram", "aura-luna-en", 1.0, "0st", "conversational", "mulaw"), 200, 0.87, 0.7),
    Voice(0.21, ("deepgram", "aura-asteria-en", 1.0, "+1st", "conversational", "mulaw"), 200),
    Voice(0.12, ("openai", "alloy", 1.0, "0st", "conversational", "linear16"), 0, 1.2, 1.4, 0.08, (20.0, 60.0)),
)


@dataclass(frozen=True)
class Caller:
    """Somebody who calls from *first_week* to *last_week*, counted from the sample's first day."""

    number: str
    module: str
    activity: float
    first_week: int
    last_week: int


@dataclass(frozen=True)
class Timeline:
    """Instants of the sample, as microseconds since its first midnight in UTC."""

    first_day: date
    days: int

    def at(self, days_before: int, hour: int, minute: int = 0) -> int:
        """Return the instant *days_before* the last day, which is negative before the sample's begin."""
        return (self.days - 1 - days_before) * DAY + (hour * 60 + minute) * MINUTE

    @cached_property
    def midnight(self) -> datetime:
        """The naive UTC instant that the others are counted from."""
        return datetime.combine(self.first_day, time())

    @cached_property
    def end(self) -> int:
        """The instant at which the sample was taken."""
        return self.at(0, 9)

    @cached_property
    def incident(self) -> tuple[int, int]:
        """Begin and end of the language model's bad afternoon."""
        return self.at(4, 12, 10), self.at(4, 15, 35)

    @cached_property
    def outage(self) -> tuple[int, int]:
        """First and last minute in which the service did not answer."""
        return self.at(2, 2), self.at(2, 2, 50)

    @cached_property
    def releases(self) -> tuple[int, int, int]:
        """When the releases of 10, 20 and 31 columns went live."""
        return self.at(32, 11, 20), self.at(30, 6, 5), self.at(21, 4, 30)

    def width(self, at: int) -> int:
        """Return the number of columns that the release of that instant wrote."""
        return LAYOUTS[bisect(self.releases, at)]

    def arrivals(self, day: int) -> list[float]:
        """Return the weight of each five minutes of the day."""
        local_hours = WEEKEND if (self.first_day + timedelta(days=day)).weekday() >= 5 else WORKDAY
        instants = range(day * DAY, (day + 1) * DAY, 5 * MINUTE)
        return [
            local_hours[(at // (60 * MINUTE) + 2) % 24] * (1.8 if _within(self.incident, at) else 1.0)
            if self.serves(at)
            else 0.0
            for at in instants
        ]

    def serves(self, at: int) -> bool:
        """Whether the service was up at that instant, and the sample not yet taken."""
        return at < self.end and not _within(self.outage, at)


class Service:
    """
    The service that takes the calls and logs them.

    Args:
        timeline: When what happens.

        rng: Where all chance comes from.

        callers: Who may call.
    """

    def __init__(self, timeline: Timeline, rng: Random, callers: Sequence[Caller]) -> None:
        self._timeline = timeline
        self._midnight = timeline.midnight
        self._rng = rng
        self.make_callers = callers
        self._shares = list(accumulate(voice.share for voice in VOICES))

    def day(self, day: int, until_rows: int) -> list[Event]:
        """Return the records of the calls that begin on that day, *until_rows* are reached."""
        rng = self._rng
        week = day // 7
        present = [caller for caller in self.make_callers if caller.first_week <= week <= caller.last_week]
        activity = list(accumulate(caller.activity for caller in present))
        slots = list(accumulate(self._timeline.arrivals(day)))
        moment = rng.random()
        events: list[Event] = []
        while len(events) < until_rows:
            caller = rng.choices(present, cum_weights=activity)[0]
            # Steps of the golden ratio fill the day evenly; of a few dozen calls, pure chance could leave an hour out.
            moment = (moment + 0.6180339887498949) % 1.0
            slot = bisect(slots, moment * slots[-1], hi=len(slots) - 1)
            start = day * DAY + slot * 5 * MINUTE + rng.randrange(5 * MINUTE)
            contact = self._texts(start, caller) if rng.random() < 0.14 else self._call(start, caller)
            events += [event for event in contact if self._timeline.serves(event[0])]
        return events

    def _texts(self, at: int, caller: Caller) -> list[Event]:
        """Return the records of one to three SMS; each has its own session, as Twilio numbers messages."""
        events = []
        for _ in range(self._rng.choice((1, 1, 2, 3))):
            session = f"SM{self._rng.getrandbits(128):032x}"
            events.append((at, self._interaction(at, caller.number, session, caller.module, "sms", self._words())))
            at += int(self._rng.uniform(40, 400) * SECOND)
        return events

    def _call(self, at: int, caller: Caller) -> list[Event]:
        rng = self._rng
        session = f"CA{rng.getrandbits(128):032x}"
        voice = rng.choices(VOICES, cum_weights=self._shares)[0]
        module = caller.module if rng.random() < 0.6 else rng.choice(MODULES)
        measured = self._timeline.width(at) >= 20
        spoken = not measured or rng.random() >= 0.02
        number = caller.number if spoken or rng.random() >= 0.4 else f"+250788999{rng.randrange(1000):03d}"
        answered = rng.random() < 0.5
        events = []
        for turn in range(1, 2 + min(24, int(rng.expovariate(0.18)))):
            if rng.random() < 0.06:
                module = rng.choice(MODULES)
            greeting = turn == 1 and answered
            if spoken:
                words = "[CALL_START]" if greeting else self._words()
                if turn == 2 and rng.random() < 0.12:
                    words = f"[NAME_CONFIRMED: {rng.choice(FIRST_NAMES)}]"
                events.append((at, self._interaction(at, number, session, module, "voice", words)))
            if measured:
                later = at + rng.randrange(2_000, 40_000)
                events.append((later, self._metrics(later, number, session, turn, voice, heard=not greeting)))
            at += int((6 + rng.expovariate(0.06)) * SECOND)
            # The clock of the logger prints no fraction for a whole second; by chance alone that would never be seen.
            if rng.random() < 0.03:
                at -= at % SECOND
        return events

    def _words(self) -> str:
        rng = self._rng
        chance = rng.random()
        return rng.choice(LEAKS if chance < 0.006 else ODD_WORDS if chance < 0.12 else WORDS)

    def _interaction(self, at: int, number: str, session: str, module: str, kind: str, words: str) -> Row:
        rng = self._rng
        duration = round(rng.uniform(4, 90), 2) if rng.random() < 0.3 else None
        as_text = json.dumps if self._timeline.width(at) == 31 and rng.random() < 0.04 else str
        emotional = as_text(_emotions(rng)) if rng.random() < 0.3 else None
        gamification = as_text(_game(rng)) if rng.random() < 0.2 else None
        answer = rng.choice(ANSWERS)
        return (self._clock(at), number, session, module, kind, words, answer, duration, emotional, gamification)

    def _metrics(self, at: int, number: str, session: str, turn: int, voice: Voice, *, heard: bool) -> Row:
        rng = self._rng
        incident = _within(self._timeline.incident, at)
        tokens_in = 14 + min(turn, 10) * 6 + rng.randrange(30)
        tokens_out = min(190, 4 + int(math.exp(rng.gauss(3.7, 0.42))))
        asr = _ticks(236 * math.exp(rng.gauss(0, 0.275))) if heard else 0
        llm = _ticks((690 + 11.4 * tokens_out) * math.exp(rng.gauss(0, 0.15)) * (2.2 if incident else 1.0))
        confidence: float = round(min(0.99, rng.gauss(0.86, 0.07)), 2) if heard and rng.random() < 0.8 else 0
        speech, tts = self._speech(voice, tokens_out)
        stage, error = self._error(voice, heard=heard, incident=incident)
        if stage == "asr":
            asr = _ticks(5000 + rng.expovariate(0.1)) if "after 5s" in error else asr
            confidence = 0
        elif stage == "llm":
            llm = _ticks(90 + rng.expovariate(0.004)) if "503" in error else 0
        if stage == "asr":
            llm = 0
        if stage in ("asr", "llm"):
            tokens_out, speech = 0, NO_SPEECH
        elif stage == "tts":
            speech = (*voice.cells, 1, 0, 0, voice.pause, False)
        if stage in ("asr", "llm", "tts"):
            tts = 0
        total = asr + llm + tts
        return (
            *(self._clock(at), number, session, "metrics", "turn_metrics", None, None, total / 1000, None, None),
            *(session, turn, asr, llm, tts, total, tokens_in, tokens_out, confidence, error),
            *speech,
        )

    def _speech(self, voice: Voice, tokens_out: int) -> tuple[Row, float]:
        """Return the eleven cells of the speech synthesis, and the time that it took."""
        rng = self._rng
        chunks = 1 + tokens_out // 18
        barge_in = rng.random() < min(0.6, (0.03 + 0.03 * chunks) * voice.eagerness)
        fallbacks = 0 if rng.random() >= voice.fallback else 1 if rng.random() < 0.85 else 2
        tts = voice.slowness * (216 + 4.4 * tokens_out) * math.exp(rng.gauss(0, 0.2))
        tts = _ticks(tts * (0.92 if barge_in else 1.0) * (1 + 0.3 * fallbacks))
        if fallbacks and rng.random() < 0.6:
            return (*SAY, fallbacks, 0, chunks, 0, barge_in), tts
        transcode = _ticks(rng.uniform(*voice.transcode)) if voice.transcode[1] else 0
        return (*voice.cells, fallbacks, transcode, chunks, voice.pause, barge_in), tts

    def _error(self, voice: Voice, *, heard: bool, incident: bool) -> tuple[str, str]:
        """Return the stage that failed and its message, or two empty strings."""
        rng = self._rng
        rates = (0.005 if heard else 0.0, 0.18 if incident else 0.012, 0.005, 0.0025)
        stage = bisect(list(accumulate(rates)), rng.random())
        second = rng.random() < 0.45
        provider = "OpenAI" if voice.cells[0] == "openai" else "Deepgram"
        return (
            ("asr", "ASR failed: empty transcript" if second else "ASR timeout after 5s"),
            ("llm", _llm_message(second=second, incident=incident)),
            ("tts", f"TTS failed: {provider} 429"),
            ("other", "ffmpeg transcode failed" if second else "Connection timeout"),
            ("", ""),
        )[stage]

    def _clock(self, at: int) -> str:
        moment = self._midnight + timedelta(microseconds=at)
        if self._timeline.width(at) < 31 or (chance := self._rng.random()) >= 0.008:
            return moment.isoformat()
        if chance < 0.004:
            return moment.isoformat() + "Z"
        return moment.replace(tzinfo=UTC).astimezone(KIGALI).isoformat()


def _llm_message(*, second: bool, incident: bool) -> str:
    if incident:
        return "Llama API error: 503" if second else "Llama API error: upstream connect timeout after 30s"
    return "openai rate limit, retry" if second else "Llama API error: 503"


def _within(span: tuple[int, int], at: int) -> bool:
    return span[0] <= at < span[1]


def _ticks(milliseconds: float) -> float:
    # Two readings of time.time() differ by a multiple of 2**-22 seconds; this also hides the last digit of exp().
    return round(milliseconds * 4194.304) / 4194.304


def _emotions(rng: Random) -> dict[str, object]:
    mood = rng.choice(("positive", "neutral", "frustrated", "confused", "excited"))
    note = "it's" if rng.random() < 0.2 else None
    return {"primary_emotion": mood, "confidence": round(rng.random(), 2), "note": note, "engaged": mood != "confused"}


def _game(rng: Random) -> dict[str, object]:
    points = 10 * rng.randrange(40)
    return {"points": points, "level": 1 + points // 100, "badge": "Word's friend" if points > 300 else None}


def make_callers(rng: Random, count: int, weeks: int) -> list[Caller]:
    """Return *count* invented callers, each with the habits that *rng* draws."""
    callers = []
    for index in range(count):
        first = 0 if rng.random() < 0.45 else rng.randrange(weeks)
        last = weeks if index == 0 or rng.random() < 0.65 else first + 1
        module, activity = rng.choice(MODULES), (1 + rng.randrange(count)) ** -0.8
        # The first caller is there from the first day to the last, so that no week of a tiny sample is deserted.
        callers.append(Caller(f"+250788{index + 1:06d}", module, activity, first if index else 0, last))
    return callers


FIRST_NAMES = ("Keza", "Mugisha", "Uwase", "Ineza", "Gasore", "Amahoro")

WORDS = (
    "Muraho! Ndashaka kwiga, please",
    "I want to learn English",
    "Nshaka kwiga imibare",
    "What is seven times eight?",
    "Yes, please continue",
    "it's fine",
    "Sinumvise, ongera usubiremo",
    "Je voudrais apprendre, s'il vous plaît",
    "Une émotion très forte",
    "The cow is in the field",
    "I disagree, because schools need water first",
    "Ni angahe ukubye gatatu?",
)
ODD_WORDS = (
    "",
    'I want to learn "big" words',
    "What is 2+2?\nsay again",
    "First line\r\nsecond line",
    "=1+1",
    "<script>alert(1)</script>",
    "call me on [PHONE_REDACTED] ok",
    "my mail is [EMAIL_REDACTED]",
    "thank you 🙏🏾 cyane",
    "a,b,c",
)
LEAKS = (
    "my number is 0788 000 017, call me",
    "write to keza.invented@example.rw please",
    "my teacher sent me this:\n"
    "2026-01-02T10:00:00,+250788000001,CA00000000000000000000000000000000,english,voice,hello,hi,12.5\n"
    "what is it?",
)
ANSWERS = (
    "Great! Let's start, with basic vocabulary",
    "Nice work!\nYou're improving fast.",
    "Murakoze cyane",
    '"Neighbour" is spelled n-e-i-g-h-b-o-u-r.',
    "Very good. Now tell me, what is nine times six?",
    "Très bien, on continue.",
    "That is a strong argument. What would somebody say who disagrees?",
    "Sorry, could you repeat that?",
)
