"""
The numbers of the weekly report over the sample, derived a second time and another way.

Plain Python over ``csv.reader`` and ``json``, the standard library's statistics, and scipy for intervals: no DuckDB, no
SQL of ours, nothing of the package. What a number means is taken from the words of the metrics' headers. It reads this
sample, not just any logs: which files are torn, and which words of a message tell a stage, is stated here.
"""

import csv
import gzip
import hashlib
import hmac
import io
import json
import math
import re
import statistics
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from itertools import pairwise
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pyarrow
from scipy import optimize, stats

KIGALI = ZoneInfo("Africa/Kigali")
DAY, WEEK, HOUR, MINUTE = timedelta(days=1), timedelta(weeks=1), timedelta(hours=1), timedelta(minutes=1)
STAGES = ("asr", "llm", "tts")

# The monitoring thresholds of the specification: objective, title, kind, stage, target.
OBJECTIVES = (
    ("asr_latency", "ASR latency", "latency", "asr", 500.0),
    ("llm_latency", "LLM latency", "latency", "llm", 2000.0),
    ("tts_latency", "TTS latency", "latency", "tts", 800.0),
    ("total_latency", "Whole turn", "latency", "total", 3000.0),
    ("error_rate", "Errors, all", "error rate", "total", 5.0),
    ("asr_error_rate", "Errors, ASR", "error rate", "asr", 2.0),
    ("llm_error_rate", "Errors, LLM", "error rate", "llm", 3.0),
    ("tts_error_rate", "Errors, TTS", "error rate", "tts", 1.0),
    ("uptime", "Uptime", "availability", None, 99.5),
    ("health_checks", "Health checks", "availability", None, 99.0),
)
TARGET = {objective: target for objective, *_, target in OBJECTIVES}
LIMIT = {stage: TARGET[f"{stage}_latency"] for stage in (*STAGES, "total")}
Z = statistics.NormalDist().inv_cdf(0.975)

LIVE = "user_sessions.csv"
TORN = {f"user_sessions_{day}.csv" for day in ("2025-12-27", "20251231", "20260103", "20260105")}
WIDTHS = {8, 10, 20, 31}
NUMBERS = (
    *("session_duration", "turn", "asr_ms", "llm_ms", "tts_ms", "total_ms", "tokens_in", "tokens_out"),
    *("asr_confidence", "tts_rate", "tts_fallback_count", "audio_transcode_ms", "sentence_chunks", "chunk_pause_ms"),
)
# The logger ends its records with \r\n; behind a bare \n, what looks like a record is a caller's words. The other
# places where one starts are behind a torn one, in the middle of a line. NULs are a piece of their own.
PIECES = re.compile(rb"(?:(?<=\r\n)|(?<!\n))(?=\d{4}-\d\d-\d\dT[\d:.+Z]{8,24},\+250788)|(?<=\n)(?=\0)")

# The words that tell the stage of a message, in the order in which they do.
TELLING = {"tts": {"tts", "ffmpeg", "transcode"}, "asr": {"asr", "transcript"}, "llm": {"llama", "openai", "rate"}}

TEXTS = ("user_input", "ai_response", "emotional_data", "gamification_data", "error")
PERSONAL = {
    "confirmed name": re.compile(r"\[NAME_CONFIRMED: *\w"),
    "e-mail address": re.compile(r"\w@\w+(?:\.\w+)+"),
    "phone number": re.compile(r"(?:\+250|(?<!\d)0)7(?: ?\d){8}(?!\d)"),
}


# Files.


def read_log(path):
    """Return the cells of a file's records and headers, how many pieces are neither, and what is still written."""
    content = path.read_bytes()
    if path.suffix == ".gz":
        content = gzip.decompress(content)
    elif path.suffix == ".zst":
        content = pyarrow.input_stream(path, compression="zstd").read()
    damaged = path.name in TORN | {LIVE}
    pieces = [piece for piece in PIECES.split(content) if piece] if damaged else [content]
    pending = pieces.pop() if path.name == LIVE and not pieces[-1].endswith(b"\r\n") else b""
    # A record that was torn has no end of its own, wherever it was torn.
    whole = [piece for piece in pieces if piece.endswith(b"\r\n")]
    lines = [cells for piece in whole for cells in csv.reader(io.StringIO(piece.decode(), newline=""), strict=True)]
    assert {len(cells) for cells in lines} <= WIDTHS, path.name
    return SimpleNamespace(
        name=path.name,
        size=path.stat().st_size,
        digest=hashlib.sha256(content).hexdigest(),
        headers=[cells for cells in lines if cells[0] == "timestamp"],
        records=(records := [cells for cells in lines if cells[0] != "timestamp"]),
        widths=sorted({len(cells) for cells in records}),
        rejects=len(pieces) - len(whole),
        pending_bytes=len(pending),
    )


def instant(text):
    """Return what a timestamp states as naive UTC; without a zone it is UTC already."""
    at = datetime.fromisoformat(text)
    return at.astimezone(UTC).replace(tzinfo=None) if at.tzinfo else at


def is_number(text):
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def positive_or_null(text):
    """Return a time or score that was measured: 0 stands for "did not run"."""
    return float(text) if text and float(text) > 0 else None


# Time.


def local(at):
    return at.replace(tzinfo=UTC).astimezone(KIGALI).replace(tzinfo=None)


def day_of(at):
    return local(at).date()


def midnight(day):
    return instant(datetime(day.year, day.month, day.day, tzinfo=KIGALI).isoformat())


def shown(at):
    return f"{at.isoformat()}Z"


def window_of(at):
    return at - (at - datetime.min) % (5 * MINUTE)


@dataclass(frozen=True)
class Span:
    """A time from an instant to before another."""

    since: datetime
    until: datetime

    def __contains__(self, at):
        return self.since <= at < self.until

    def minutes_of(self, first, end):
        """Return how much of the time from *first* to *end* lies in the span."""
        return max((min(end, self.until) - max(first, self.since)) / MINUTE, 0.0)

    def cut(self, length):
        count = (self.until - self.since) // length
        return [Span(self.since + place * length, self.since + (place + 1) * length) for place in range(count)]


# Numbers.


def percentile(values, share):
    """Return a percentile, interpolated between the two nearest values."""
    known = [value for value in values if value is not None]
    if len(known) < 2:
        return known[0] if known else None
    return statistics.quantiles(known, n=100, method="inclusive")[share - 1]


def median(values):
    known = [value for value in values if value is not None]
    return float(statistics.median(known)) if known else None


def mean(values):
    known = [value for value in values if value is not None]
    return statistics.fmean(known) if known else None


def percent(part, whole):
    return 100 * part / whole if whole else None


def wilson(successes, trials):
    """Return Wilson's interval in percent: the shares from which what was seen is 1.96 standard errors away."""
    if float(successes).is_integer():
        found = stats.binomtest(int(successes), trials).proportion_ci(0.95, method="wilson")
        return float(100 * found.low), float(100 * found.high)
    share = successes / trials
    ends = ((0, share), (share, 1))
    low, high = (optimize.brentq(lambda p: (share - p) ** 2 * trials - Z**2 * p * (1 - p), *each) for each in ends)
    return 100 * low, 100 * high


def allowed_share(objective):
    """Return the share of the turns, minutes or checks that may be bad."""
    if objective.endswith("latency"):
        return 0.05
    return TARGET[objective] / 100 if objective.endswith("error_rate") else 1 - TARGET[objective] / 100


def fewest(objective):
    """Return the turns or checks below which no value could show the objective met."""
    allowed = allowed_share(objective)
    if objective.endswith("latency"):
        return math.ceil(math.log(0.025) / math.log(1 - allowed))
    return math.ceil(Z**2 * (1 - allowed) / allowed)


def grouped(rows, key):
    """Return the rows of each key, the keys in order."""
    groups = defaultdict(list)
    for row in rows:
        groups[key(row)].append(row)
    return sorted(groups.items())


# Turns.


def turn_of(record, told_in_call, told_by_caller):
    ms = {stage: positive_or_null(getattr(record, f"{stage}_ms")) for stage in (*STAGES, "total")}
    stage = failed_stage(record.error, [each for each in STAGES if ms[each] is not None])
    source = "call" if told_in_call else "caller" if told_by_caller else "none"
    return SimpleNamespace(
        at=record.at,
        call=record.call_id or record.session_id,
        phone=record.phone_number,
        turn=int(record.turn),
        ms=ms,
        unattributed=round((ms["total"] or 0) - math.fsum(ms[each] or 0 for each in STAGES), 3),
        stage=stage,
        message=folded(record.error) if stage else None,
        source=source,
        module=nearest(told_in_call or told_by_caller, record.at),
        averaged=[positive_or_null(cell) for cell in (record.asr_confidence, record.tokens_in, record.tokens_out)],
    )


def failed_stage(message, ran):
    """Return the stage that failed: by the message's words, else the first that did not run."""
    words = set(re.findall("[a-z]+", (message or "").lower()))
    told = [stage for stage, telling in TELLING.items() if words & telling]
    if not told and "deepgram" in words:
        told = ["tts" if "llm" in ran else "asr"]
    return [*told, *(stage for stage in STAGES if stage not in ran), "unknown"][0] if message else None


def folded(message):
    """Return a message without quoted text, addresses, ids, and numbers of four digits or more."""
    unquoted = re.sub(r"(?<!\w)(?:\"[^\"]*\"|'[^']*'|“[^”]*”)", "…", message.strip())
    return re.sub(r"\S+@\S+|\b(?:CA|SM)?[0-9a-f]{8,}\b|\+?\d[\d ().-]{5,}\d|\d{4,}", "#", unquoted)


def nearest(told, at):
    """Return the module told nearest to *at*; of two as near, the one before, as which the same instant counts."""
    before = [(when, module) for when, module in told if when <= at]
    after = [(when, module) for when, module in told if when > at]
    if before and (not after or at - max(before)[0] <= min(after)[0] - at):
        return max(before)[1]
    return min(after)[1] if after else None


def reached(turns, stage):
    """Return the turns that reached a stage: in which it ran, or failed."""
    return [turn for turn in turns if turn.ms[stage] is not None or turn.stage == stage]


def times_of(turns, stage):
    return [turn.ms[stage] for turn in turns if turn.ms[stage] is not None]


def failures(turns):
    return sum(turn.stage is not None for turn in turns)


def pushed(turn):
    """Return what pushed a slow turn over, and by how much that was over its own target."""
    excess, stage = max(((turn.ms[stage] or 0) - LIMIT[stage], stage) for stage in STAGES)
    if turn.unattributed > 0 and turn.unattributed >= max(turn.ms["total"] - LIMIT["total"], excess):
        return "unattributed", turn.unattributed
    return (stage, excess) if excess > 0 else ("together", None)


@dataclass(frozen=True)
class Measured:
    """What was measured of an objective, on how many turns or checks, and how many were bad of how many."""

    objective: str
    value: float
    turns: int
    bad: float
    total: float

    @property
    def burn_rate(self):
        return self.bad / self.total / allowed_share(self.objective)


def enough(measurements, objective):
    return measurements[objective].turns >= fewest(objective)


class Sample:
    """The sample as it lies in *folder*, and the last whole week of it."""

    def __init__(self, folder):
        self.logs = [read_log(path) for path in sorted(folder.glob("user_sessions*"))]
        first = {log.digest: log.name for log in reversed(self.logs)}
        self.copy_of = {log.name: first[log.digest] for log in self.logs if first[log.digest] != log.name}
        # The newest header: the older releases wrote the first of its columns.
        self.names = max((header for log in self.logs for header in log.headers), key=len)
        self.records = [record for log in self.logs if log.name not in self.copy_of for record in self.records_of(log)]
        self.answers = [json.loads(line) for line in (folder / "health_checks.jsonl").read_text().splitlines()]
        last_day = day_of(max(record.at for record in self.records))
        until = midnight(last_day - last_day.weekday() * DAY)
        self.week, self.week_before = Span(until - WEEK, until), Span(until - 2 * WEEK, until - WEEK)
        self.eight_weeks = Span(until - 8 * WEEK, until).cut(WEEK)

    def records_of(self, log):
        for row, cells in enumerate(log.records, start=1):
            named = dict.fromkeys(self.names) | {
                name: cell or None for name, cell in zip(self.names, cells, strict=False)
            }
            yield SimpleNamespace(**named, at=instant(cells[0]), file=log.name, row=row)

    @cached_property
    def turns(self):
        in_call, by_caller = defaultdict(list), defaultdict(list)
        for record in self.records:
            if record.interaction_type != "turn_metrics" and record.module_name:
                in_call[record.call_id or record.session_id].append((record.at, record.module_name))
                by_caller[record.phone_number].append((record.at, record.module_name))
        return [
            turn_of(record, in_call[record.call_id or record.session_id], by_caller[record.phone_number])
            for record in self.records
            if record.interaction_type == "turn_metrics"
        ]

    def turns_in(self, span):
        return [turn for turn in self.turns if turn.at in span]

    @cached_property
    def all_calls(self):
        turns = dict(grouped(self.turns, lambda turn: turn.call))
        spoken = [record for record in self.records if record.interaction_type != "sms"]
        return [
            SimpleNamespace(
                call=call,
                phone=min(record.phone_number for record in records),
                at=min(record.at for record in records),
                seconds=(max(record.at for record in records) - min(record.at for record in records)).total_seconds(),
                interruptions=sum(record.barge_in_triggered == "True" for record in records),
                turns=turns.get(call, []),
            )
            for call, records in grouped(spoken, lambda record: record.call_id or record.session_id)
        ]

    def calls_in(self, span):
        return [call for call in self.all_calls if call.at in span]

    @cached_property
    def first_at(self):
        """When each caller's first record was."""
        callers = grouped(self.records, lambda record: record.phone_number)
        return {phone: min(record.at for record in records) for phone, records in callers}

    def callers_in(self, span):
        """Return who called or texted in a time, and which of them for the first time."""
        callers = {record.phone_number for record in self.records if record.at in span}
        return callers, {phone for phone in callers if self.first_at[phone] in span}

    @cached_property
    def checks(self):
        """
        The health checks: when, what they answered, until when they are the latest, and until when they speak.

        One speaks until the next where that comes in one and a half times the usual interval, else for the usual one.
        """
        answers = sorted({(instant(answer["timestamp"]), answer["status"]) for answer in self.answers})
        gaps = [after - at for (at, _), (after, _) in pairwise(answers)]
        usual = statistics.median(gap for gap in gaps if gap)
        lasting = zip(answers, [*gaps, usual], strict=True)
        return [(at, status, at + gap, at + (gap if gap <= 1.5 * usual else usual)) for (at, status), gap in lasting]

    def health(self, span):
        """Give each day with health checks, how many, how many healthy, the minutes watched and those up."""
        for day in span.cut(DAY):
            found = [status for at, status, *_ in self.checks if at in day]
            watched = math.fsum(day.minutes_of(at, end) for at, _, end, _ in self.checks)
            up = math.fsum(day.minutes_of(at, end) for at, _, _, end in self.checks)
            if watched:
                yield day_of(day.since), len(found), found.count("healthy"), watched, up

    def measurements(self, span):
        """Return what was measured of each objective in a time; nothing where nothing was observed."""
        turns, days = self.turns_in(span), list(self.health(span))
        counts = {}  # by objective: what was measured, on how many turns, how many bad, of how many
        for stage, limit in LIMIT.items():
            times = times_of(turns, stage)
            bad = sum(time >= limit for time in times)
            counts[f"{stage}_latency"] = (percentile(times, 95), len(times), bad, len(times))
        for objective, stage in (("error_rate", "total"), *((f"{stage}_error_rate", stage) for stage in STAGES)):
            those = reached(turns, stage) if stage in STAGES else turns
            bad = sum(turn.stage == stage for turn in those) if stage in STAGES else failures(those)
            counts[objective] = (percent(bad, len(those)), len(those), bad, len(those))
        checks, healthy, watched, up = (math.fsum(day[place] for day in days) for place in (1, 2, 3, 4))
        counts["uptime"] = (percent(up, watched), int(checks), watched - up, watched)
        counts["health_checks"] = (percent(healthy, checks), int(checks), checks - healthy, checks)
        return {objective: Measured(objective, *counts[objective]) for objective in TARGET if counts[objective][-1]}

    def interval(self, objective, kind, stage):
        """Return the 95% interval of what was measured in the week."""
        if kind == "latency":
            times = times_of(self.turns_in(self.week), stage)
            return tuple(map(float, stats.quantile_test(times, p=0.95).confidence_interval(0.95)))
        found = self.measurements(self.week)[objective]
        low, high = wilson(found.bad / found.total * found.turns, found.turns)
        return (low, high) if kind == "error rate" else (100 - high, 100 - low)


SECTIONS = []


def section(columns):
    """Make rows with these columns of the tuples that a derivation gives, and a section of it."""
    names = columns.split()

    def register(derive):
        SECTIONS.append(derive.__name__)
        return lambda numbers: [dict(zip(names, row, strict=True)) for row in derive(numbers)]

    return register


ACTIVITY = (
    "turns days_with_turns calls callers new_callers turns_with_error error_rate_percent returning_callers"
    " turns_per_call calls_per_caller"
)


class Numbers(Sample):
    """
    The sections of the weekly report over the sample in *folder*.

    Args:
        folder: Where it lies.

        secret: The key of the callers' pseudonyms.

        incidents: Those of the report. Where they begin and end and their p-values are taken as given.

        reasons: What the ledger says of each file that is not sound, as given too.
    """

    def __init__(self, folder, *, secret, incidents, reasons):
        super().__init__(folder)
        self.secret, self.found, self.reasons = secret, incidents, reasons

    @section(
        "objective title kind stage comparison target unit measured low high turns bad total allowed_share"
        " burn_rate status used_percent used_lookback_percent days_with_data"
    )
    def objectives(self):
        lookback = Span(self.week.until - 28 * DAY, self.week.until)
        days = len({turn.at.date() for turn in self.turns_in(lookback)})
        for objective, title, kind, stage, target in OBJECTIVES:
            found, (low, high) = self.measurements(self.week)[objective], self.interval(objective, kind, stage)
            if kind == "availability":
                status = "met" if low > target else "breached" if high <= target else "inconclusive"
            else:
                status = "met" if high < target else "breached" if low >= target else "inconclusive"
            status = "too few" if found.turns < fewest(objective) else status
            whole = self.measurements(lookback)[objective]
            budget = allowed_share(objective) * whole.total
            comparison, unit = ">" if kind == "availability" else "<", "ms" if kind == "latency" else "%"
            yield (
                *(objective, title, kind, stage, comparison, target, unit, found.value, low, high, found.turns),
                *(float(found.bad), float(found.total), allowed_share(objective), found.burn_rate, status),
                *(percent(found.bad, budget), percent(whole.bad, budget), days),
            )

    @section("week_start objective measured target turns burn_rate")
    def history(self):
        for week in self.eight_weeks:
            for objective, found in self.measurements(week).items():
                monday = f"{day_of(week.since)}"
                yield monday, objective, found.value, TARGET[objective], found.turns, found.burn_rate

    @section(
        "objective measured measured_before median_of_four change_percent change_to_median_percent change_in_widths"
    )
    def changes(self):
        now, before = self.measurements(self.week), self.measurements(self.week_before)
        weeks = [self.measurements(week) for week in self.eight_weeks[-5:-1]]
        rows = []
        for objective, _, kind, stage, _ in OBJECTIVES:
            value, was = now[objective].value, before[objective].value
            judged = [week[objective].value for week in weeks if objective in week and enough(week, objective)]
            usual = median(judged) if len(judged) > 1 else None
            low, high = self.interval(objective, kind, stage)
            both = enough(now, objective) and enough(before, objective)
            moved = abs(value - was) / ((high - low) / 2) if both else None
            to_usual = None if usual is None else percent(value - usual, usual)
            rows.append((objective, value, was, usual, percent(value - was, was), to_usual, moved))
        yield from sorted(rows, key=lambda row: math.inf if row[-1] is None else -row[-1])

    def activity_in(self, span):
        turns, calls, (callers, new) = self.turns_in(span), len(self.calls_in(span)), self.callers_in(span)
        days, failed = {day_of(turn.at) for turn in turns}, failures(turns)
        counts = len(turns), len(days), calls, len(callers), len(new), failed, percent(failed, len(turns))
        return *counts, len(callers - new), len(turns) / calls, calls / len(callers)

    @section(ACTIVITY)
    def activity(self):
        yield self.activity_in(self.week)

    @section(ACTIVITY)
    def activity_before(self):
        yield self.activity_in(self.week_before)

    @section("week_start callers new_callers returning_callers calls turns_per_call")
    def callers(self):
        for week in self.eight_weeks:
            (found, new), calls = self.callers_in(week), len(self.calls_in(week))
            if found:
                each = len(self.turns_in(week)) / calls
                yield f"{day_of(week.since)}", len(found), len(new), len(found - new), calls, each

    @section("cohort_week week_start weeks_later cohort_callers active_callers active_percent")
    def cohorts(self):
        for place, cohort_week in enumerate(self.eight_weeks):
            _, cohort = self.callers_in(cohort_week)
            for later, week in enumerate(self.eight_weeks[place:] if cohort else []):
                active, days = len(self.callers_in(week)[0] & cohort), (day_of(cohort_week.since), day_of(week.since))
                yield *map(str, days), later, len(cohort), active, percent(active, len(cohort))

    @section("day calls callers turns turns_per_call errors interruptions median_duration_s")
    def calls(self):
        for day, those in grouped(self.calls_in(self.week), lambda call: day_of(call.at)):
            turns = [turn for call in those for turn in call.turns]
            counts = len(those), len({call.phone for call in those}), len(turns), len(turns) / len(those)
            interruptions, seconds = sum(call.interruptions for call in those), [call.seconds for call in those]
            yield str(day), *counts, failures(turns), interruptions, median(seconds)

    def caller(self, phone):
        """Return a pseudonym."""
        digits = hmac.new(self.secret, f"caller {phone}".encode(), hashlib.sha256).hexdigest()
        return f"caller {digits[:4]}-{digits[4:8]}-{digits[8:12]}"

    @section("caller total_sessions total_interactions avg_session_duration last_activity")
    def engagement(self):
        month = [record for record in self.records if timedelta() <= self.week.until - record.at <= 30 * DAY]
        callers = grouped(month, lambda record: record.phone_number)
        for phone, records in sorted(callers, key=lambda caller: -len(caller[1]))[:10]:
            duration = mean(float(record.session_duration) for record in records if record.session_duration)
            sessions, last = {record.session_id for record in records}, max(record.at for record in records)
            yield self.caller(phone), len(sessions), len(records), duration, shown(last)

    @section(
        "place caller started_at waited_ms turn turn_at offset_s asr_ms llm_ms tts_ms unattributed_ms total_ms"
        " error_stage module_name"
    )
    def slowest_calls(self):
        def waited(call):
            return math.fsum(max(time - LIMIT["total"], 0) for time in times_of(call.turns, "total"))

        slowest = sorted(filter(waited, self.calls_in(self.week)), key=lambda call: (-waited(call), call.call))[:4]
        for place, call in enumerate(slowest, start=1):
            for turn in sorted(call.turns, key=lambda turn: (turn.at, turn.turn)):
                offset = (turn.at - call.at).total_seconds()
                times = *(turn.ms[stage] for stage in STAGES), turn.unattributed, turn.ms["total"]
                named = place, self.caller(call.phone), shown(call.at), waited(call), turn.turn, shown(turn.at)
                yield *named, offset, *times, turn.stage, turn.module

    @section("stage day turns p50_ms p90_ms p95_ms p99_ms")
    def latency(self):
        for stage in LIMIT:
            for day, turns in grouped(self.turns_in(self.week), lambda turn: day_of(turn.at)):
                times = times_of(turns, stage)
                yield stage, str(day), len(times), *(percentile(times, share) for share in (50, 90, 95, 99))

    @section("stage from_ms to_ms turns share_percent")
    def distribution(self):
        for stage in LIMIT:
            times = times_of(self.turns_in(self.week), stage)
            for place, turns in sorted(Counter(math.floor(20 * math.log10(time)) for time in times).items()):
                yield stage, 10 ** (place / 20), 10 ** ((place + 1) / 20), turns, percent(turns, len(times))

    @section("day pushed_by turns median_over_ms median_excess_ms")
    def slow_turns(self):
        slow = [turn for turn in self.turns_in(self.week) if (turn.ms["total"] or 0) >= LIMIT["total"]]
        for (day, by), turns in grouped(slow, lambda turn: (day_of(turn.at), pushed(turn)[0])):
            over = median(turn.ms["total"] - LIMIT["total"] for turn in turns)
            yield str(day), by, len(turns), over, median(pushed(turn)[1] for turn in turns)

    @section("turns turns_with_unattributed p50_ms p95_ms max_ms")
    def unattributed(self):
        times = [turn.unattributed for turn in self.turns_in(self.week) if turn.ms["total"] is not None]
        yield len(times), sum(time >= 1 for time in times), percentile(times, 50), percentile(times, 95), max(times)

    @section("weekday hour turns p50_ms p95_ms")
    def hours(self):
        whole = [turn for turn in self.turns_in(self.week) if turn.ms["total"] is not None]
        for hour, turns in grouped(whole, lambda turn: (local(turn.at).isoweekday(), local(turn.at).hour)):
            times = times_of(turns, "total")
            yield *hour, len(times), percentile(times, 50), percentile(times, 95)

    @section("stage reached_turns errors error_rate_percent")
    def errors(self):
        turns = self.turns_in(self.week)
        for stage in (*STAGES, "unknown"):
            those = turns if stage == "unknown" else reached(turns, stage)
            failed = sum(turn.stage == stage for turn in those)
            yield stage, len(those), failed, percent(failed, len(those))

    @section("day stage errors turns error_rate_percent")
    def errors_by_day(self):
        for day, turns in grouped(self.turns_in(self.week), lambda turn: day_of(turn.at)):
            for stage, failed in sorted(Counter(turn.stage for turn in turns if turn.stage).items()):
                yield str(day), stage, failed, len(turns), percent(failed, len(turns))

    @section("message stage turns calls first_seen last_seen is_new")
    def messages(self):
        before = self.turns_in(Span(self.week.since - 28 * DAY, self.week.since))
        known, failed = {turn.message for turn in before}, [turn for turn in self.turns_in(self.week) if turn.stage]
        found = grouped(failed, lambda turn: (turn.message, turn.stage))
        for (message, stage), turns in sorted(found, key=lambda item: -len(item[1])):
            seen = shown(min(turn.at for turn in turns)), shown(max(turn.at for turn in turns))
            yield message, stage, len(turns), len({turn.call for turn in turns}), *seen, message not in known

    @section("window_at stage turns bad_turns failed_turns calls bad_calls")
    def slo_violation_windows(self):
        turned_bad = set()
        for at, turns in grouped(self.turns_in(self.week), lambda turn: window_of(turn.at)):
            for stage in STAGES:
                those = reached(turns, stage)
                failed = [turn for turn in those if turn.stage == stage]
                bad = [turn for turn in those if turn.stage == stage or turn.ms[stage] >= LIMIT[stage]]
                newly_bad = {(stage, turn.call) for turn in bad} - turned_bad
                turned_bad |= newly_bad
                if those:
                    in_calls = len({turn.call for turn in those}), len(newly_bad)
                    yield shown(at), stage, len(those), len(bad), len(failed), *in_calls

    @section("stage started_at ended_at turns bad_turns failed_turns bad_share_percent usual_share_percent p_value")
    def incidents(self):
        for incident in self.found:
            spans = [(row["started_at"], row["ended_at"]) for row in self.found if row["stage"] == incident["stage"]]
            windows = [row for row in self.slo_violation_windows() if row["stage"] == incident["stage"]]
            inside = [row for row in windows if incident["started_at"] <= row["window_at"] < incident["ended_at"]]
            quiet = [row for row in windows if not any(first <= row["window_at"] < end for first, end in spans)]
            counts = [sum(row[name] for row in inside) for name in ("turns", "bad_turns", "failed_turns")]
            usual = percent(sum(row["bad_turns"] for row in quiet), sum(row["turns"] for row in quiet))
            given = incident["stage"], incident["started_at"], incident["ended_at"]
            yield *given, *counts, percent(counts[1], counts[0]), usual, incident["p_value"]

    @section(
        "module_name turns calls callers turns_by_call turns_by_caller turns_by_none p50_ms p95_ms p95_asr_ms"
        " p95_llm_ms p95_tts_ms error_rate_percent avg_asr_confidence avg_tokens_in avg_tokens_out"
    )
    def modules(self):
        found = grouped(self.turns_in(self.week), lambda turn: turn.module)
        for module, turns in sorted(found, key=lambda item: -len(item[1])):
            counts = len(turns), len({turn.call for turn in turns}), len({turn.phone for turn in turns})
            sources = (sum(turn.source == source for turn in turns) for source in ("call", "caller", "none"))
            times = percentile(times_of(turns, "total"), 50), percentile(times_of(turns, "total"), 95)
            slowest = (percentile(times_of(turns, stage), 95) for stage in STAGES)
            averages = map(mean, zip(*(turn.averaged for turn in turns), strict=True))
            yield module, *counts, *sources, *times, *slowest, percent(failures(turns), len(turns)), *averages

    @section(
        "day checks healthy_checks observed_minutes up_minutes uptime_percent health_check_success_percent"
        " windows windows_with_success"
    )
    def availability(self):
        by_window = grouped(self.turns_in(self.week), lambda turn: window_of(turn.at))
        used = Counter(day_of(turns[0].at) for _, turns in by_window)
        answered = Counter(day_of(turns[0].at) for _, turns in by_window if failures(turns) < len(turns))
        for day, checks, healthy, watched, up in self.health(self.week):
            shares = percent(up, watched), percent(healthy, checks)
            yield str(day), checks, healthy, watched, up, *shares, used[day], answered[day]

    @section(
        "file state reason live layouts size records rows rejects pending_bytes bad_cells undated first_at last_at"
        " duplicate_of headers unknown_columns content_hash"
    )
    def files(self):
        for log in self.logs:
            rows, copy_of, is_live = list(self.records_of(log)), self.copy_of.get(log.name), log.name == LIVE
            state = "duplicate" if copy_of else "repaired" if log.rejects else "sound"
            reason = self.reasons[log.name] if log.rejects else ""
            records = len(rows) + log.rejects + (log.pending_bytes > 0)
            cells = [cell for row in rows for name in NUMBERS if (cell := getattr(row, name))]
            instants = shown(min(row.at for row in rows)), shown(max(row.at for row in rows))
            yield (
                *(log.name, state, reason, is_live, log.widths, log.size, records, len(rows), log.rejects),
                *(log.pending_bytes, sum(not is_number(cell) for cell in cells), 0, *instants, copy_of),
                *(max(log.headers, key=len, default=[]), [], None if is_live else log.digest),
            )

    @section("started_at ended_at hours usual_hours")
    def gaps(self):
        instants = [record.at for record in self.records if record.at in self.week]
        busy = sorted({at.replace(minute=0, second=0, microsecond=0) for at in instants})
        days = len({hour.date() for hour in busy})
        usual = {hour for hour, count in Counter(hour.hour for hour in busy).items() if count / days >= 0.75}
        # The logs go on before and after the week, so that a silence at an end of it counts, in whole hours.
        first = min(record.at for record in self.records)
        before = [self.week.since - HOUR] if first < self.week.since else []
        after = [self.week.until] if max(record.at for record in self.records) >= self.week.until else []
        for last, following in pairwise([*before, *busy, *after]):
            silent = [last + place * HOUR for place in range(1, (following - last) // HOUR)]
            missed = sum(hour.hour in usual for hour in silent)
            if missed >= 2:
                yield shown(last + HOUR), shown(following), len(silent), missed

    @section("file rows latest_by_s first_row")
    def out_of_order_records(self):
        for file, records in grouped(self.records, lambda record: record.file):
            late, latest = [], self.week.since
            for record in records:
                latest = max(latest, record.at)
                if record.at in self.week and latest - record.at > 10 * MINUTE:
                    late.append((record.row, (latest - record.at).total_seconds()))
            if late:
                yield file, len(late), max(seconds for _, seconds in late), late[0][0]

    @section("file column_name kind found first_rows")
    def personal_data(self):
        finds = [
            (record.file, column, kind, record.row)
            for record in self.records
            for column in TEXTS
            for kind, shape in PERSONAL.items()
            if record.at in self.week and shape.search(getattr(record, column) or "")
        ]
        for where, found in grouped(finds, lambda find: find[:3]):
            yield *where, len(found), [row for *_, row in found][:12]

    @section("file first_at change columns")
    def drift(self):
        first_at = {file: min(row.at for row in rows) for file, rows in grouped(self.records, lambda row: row.file)}
        known, before = set(), []
        for log in sorted((log for log in self.logs if log.name in first_at), key=lambda log: first_at[log.name]):
            held, headed = self.names[: max(log.widths)], {name for header in log.headers for name in header}
            changes = {
                "appeared": [name for name in held if known and name not in known],
                "gone": [name for name in before if name not in held],
                "without a header": [name for name in held if name not in headed],
            }
            yield from ((log.name, shown(first_at[log.name]), what, names) for what, names in changes.items() if names)
            known, before = known | set(held), held
