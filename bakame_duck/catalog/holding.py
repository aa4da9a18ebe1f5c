"""
Keep turns, calls and callers in memory, for many metrics over the same time.

What a log with a mirror tells alone is read from its parts, and put together by ``sql/parts``
with what the others tell; a log without one is read. Nothing here computes.

A temporary relation is found before another of the same name, by views and metrics too. So
the views of ``sql/views`` are asked while something narrower stands in the place of what they
read, and what is kept stands in the place of the views from then on.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from duckdb import DuckDBPyConnection

from bakame_duck import sql_files
from bakame_duck.catalog.parts import OF_ALL_TIMES, OF_THE_TIME, Parts
from bakame_duck.errors import CacheError
from bakame_duck.ingest import csv_reader
from bakame_duck.ingest.mirror import can_hold, mirrored_records, named_by_index, utc
from bakame_duck.ingest.scanner import Progress

OF_SPEECH = (
    "tts_provider",
    "tts_voice",
    "tts_rate",
    "tts_pitch",
    "tts_pitch_semitones",
    "tts_style",
    "audio_encoding",
    "tts_fallback_count",
    "audio_transcode_ms",
    "sentence_chunks",
    "chunk_pause_ms",
    "barge_in_triggered",
)
"""Columns of turns that tell how an answer was spoken."""

Range = tuple[datetime, datetime]
"""The instant with which a time begins, and the one before which it ends; without a zone they are UTC."""

_LONGEST_CALL = timedelta(days=1)
_PART_OF_A_TURN = "turn_at, asr_ms, llm_ms, tts_ms, total_ms, error, error_stage"
_PART_OF_A_CALL = "call_id, started_at, ended_at"
_OF_OPEN_TURNS = """
    phone_number in (select phone_number from turn_timings) or call_key in (select call_id from turn_timings)
"""
_OF_RECORDS = ("turns", "personal_data")  # whose rows name their file, which a part does not know
_QUARTERS = """
    create or replace temp macro caller_quarters(
        since := timestamp '-infinity', until := timestamp 'infinity'
    ) as table from held_quarters where quarter_at >= since and quarter_at < until
"""
_WEEKS = """
    with mondays as (
        select unnest(
            generate_series(date_trunc('week', local_time($1, $3)), local_time($2, $3), interval 7 days)
        ) at time zone $3 at time zone 'UTC' as week_at
    )
    from mondays where week_at >= $1 and week_at <= $2 order by week_at
"""
_OBJECTIVES = """
    create or replace temp macro objective_measurements(
        since := timestamp '-infinity', until := timestamp 'infinity', timezone := 'UTC', each := 'week'
    ) as table
    select measurements.* from held_weeks where {weeks} and week_since >= since and week_until <= until
    union all
    select unnest(struct_update(measurements, period_start := cast(null as date)))
    from held_weeks where {week} and week_since = since
    union all
    from {main}.objective_measurements(since := since, until := until, timezone := timezone, each := each)
    where not {weeks} and not {week}
"""
_FEW = 500_000  # records that are kept as they are, rather than read again for each question


def hold(
    con: DuckDBPyConnection,
    *,
    since: datetime,
    until: datetime,
    whole_since: datetime | None = None,
    other: Range | None = None,
    without: Sequence[str] = (),
    timezone: str | None = None,
) -> None:
    """
    Keep what a time holds of turns, calls and personal data, when callers were active, and all callers.

    Metrics over any part of it then give what they gave before, only faster, as the logs are read once. Over other
    times they know none of it, and need not know the records of logs that end before or begin after it. A call is
    taken to last less than a day.

    What a log with a mirror tells is kept beside the mirror, so it is faster from the second time on.

    Args:
        con: A connection made by :func:`connect`.

        since: The instant from which turns and calls are kept; without a zone it is UTC.

        until: The instant before which they are.

        whole_since: The instant from which they are kept whole, by default all. Earlier ones cost a fifth: of a
            turn its instant, times and error are kept, of a call its name and instants, and all else is NULL; of
            personal data nothing.

        other: The instants between which lies another time, such as the one that this is compared with; turns and
            calls are kept as earlier ones are.

        without: Columns of turns that nobody will ask for, such as :data:`OF_SPEECH`; they are NULL.

        timezone: Measure the objectives of each week of this time zone, so that metrics need not do so again.
    """
    first, end = _with_calls((since, until))
    whole = utc(whole_since) if whole_since else first
    beyond = _beyond((first, end), _with_calls(other)) if other else []
    holder = _Holder(con, without)
    try:
        holder.open_logs([(first, end), *beyond])
        holder.keep_callers()
        holder.keep_turns([(whole, end)])
        holder.keep_part_of_turns([(first, whole), *beyond])
        holder.keep_calls("whole_calls", "*", [(whole, end)])
        holder.keep_calls("part_of_calls", _PART_OF_A_CALL, [(first, whole), *beyond])
        holder.keep_quarters([(first, end), *beyond])
        holder.keep_personal_data([(whole, end)])
        holder.narrow_records([(first, end), *beyond])
    finally:
        holder.leave()
    for name, columns in (("turns", holder.turn_columns()), ("calls", "*")):
        kept = f"(from whole_{name} union all by name from part_of_{name})"
        con.execute(f"create or replace temp view {name} as select {columns} from {kept}")
    con.execute(_QUARTERS)
    if timezone:
        _keep_weeks(con, holder.main, utc(since), utc(until), timezone)


def prepare(
    con: DuckDBPyConnection,
    *,
    since: datetime,
    until: datetime,
    other: Range | None = None,
    progress: Progress | None = None,
) -> None:
    """
    Keep beside the mirrors what :func:`hold` takes from there, which is long work where much is new.

    Args:
        con: A connection made by :func:`connect`.

        since: The instant from which turns and calls will be kept; without a zone it is UTC.

        until: The instant before which they will be.

        other: The instants between which lies another time that will be kept.

        progress: Called with the number of logs done, and of those that are new.

    Raises:
        CacheError: It cannot be written.
    """
    spans = [_with_calls(span) for span in ((since, until), other) if span]
    parts = Parts()
    parts.make(con, parts.lacking(_pairs(_parts_of_logs(con, spans))), progress)


def _with_calls(span: Range) -> Range:
    since, until = span
    return utc(since) - _LONGEST_CALL, utc(until) + _LONGEST_CALL


def _beyond(kept: Range, other: Range) -> list[Range]:
    """Return what of *other* lies before and behind what is *kept*."""
    (first, end), (since, until) = kept, other
    return [span for span in ((since, min(until, first)), (max(since, end), until)) if span[0] < span[1]]


@dataclass(frozen=True)
class _Log:
    """A log that has a mirror, and the time of its records."""

    file: str
    mirror: str
    first_at: datetime | None
    last_at: datetime | None


def _parts_of_logs(con: DuckDBPyConnection, spans: Iterable[Range]) -> dict[_Log, Sequence[str]]:
    """Return which parts are wanted of each log that has a mirror, to keep what lies in *spans*."""
    query = "select file, mirror, first_at, last_at from mirrored_files inner join inspected_files using (file)"
    logs = [_Log(*row) for row in con.execute(query).fetchall()]
    near = set(_near(logs, spans))
    return {log: OF_ALL_TIMES + OF_THE_TIME * (log in near) for log in logs}


def _pairs(wanted: Mapping[_Log, Sequence[str]]) -> list[tuple[str, str]]:
    return [(log.mirror, view) for log, views in wanted.items() for view in views]


def _near(logs: Iterable[_Log], spans: Iterable[Range]) -> list[_Log]:
    """Return those of *logs* that can tell of calls and turns in *spans*."""
    spans = list(spans)
    return [log for log in logs if any(can_hold(log, since - _LONGEST_CALL, until) for since, until in spans)]


class _Holder:
    """Keeps what lies in a time, and knows what stands in the place of the views meanwhile."""

    def __init__(self, con: DuckDBPyConnection, without: Sequence[str]) -> None:
        self.con = con
        self.without = without
        self.but_without = f"exclude ({', '.join(without)})" if without else ""
        settings = "select current_database() || '.main', current_setting('preserve_insertion_order')"
        self.main, self.in_order = con.execute(settings).fetchall()[0]
        self.texts = sql_files.sql_texts("parts")
        self.kept = Parts()
        self.meanwhile: dict[str, str] = {}
        self.mirrored: list[_Log] = []
        self.logs: list[_Log] = []
        con.execute("set preserve_insertion_order = false")  # many files are kept in half the time

    def open_logs(self, spans: Sequence[Range]) -> None:
        """Tell logs that have all their parts from others, of which the records are read."""
        wanted = _parts_of_logs(self.con, spans)
        self.mirrored = list(wanted)
        lacking = self.kept.lacking(_pairs(wanted))
        with suppress(CacheError):  # what cannot be kept is read again
            self.kept.make(self.con, lacking)
        without = {mirror for mirror, _ in self.kept.lacking(lacking)}
        self.logs = [log for log in wanted if log.mirror not in without]
        others = _together(*self.records([log for log in wanted if log not in self.logs]), "from plain_records")
        few = "select sum(accepted) <= ? from inspected_files where file not in (select unnest(?))"
        if self.con.execute(few, [_FEW, [log.file for log in self.logs]]).fetchall()[0][0]:
            self.keep("other_records", f"from ({others})", meanwhile=True)
        else:
            self.put("other_records", others)

    def keep_callers(self) -> None:
        """Keep all callers."""
        self.put("log_records", "from other_records")
        self.put("part_callers", *self.merged("callers", self.logs), f"from {self.main}.callers")
        self.keep("callers", self.texts["callers"])

    def keep_turns(self, spans: Sequence[Range]) -> None:
        """Keep turns whole: those whose module their log settles alone, and those for which others are asked."""
        near = _near(self.logs, spans)
        before = [log for log in self.logs if log not in near and log.last_at and log.last_at < spans[0][0]]
        behind = [log for log in self.logs if log not in near and log not in before]
        in_time = f"where {_lies_in(spans, 'turn_at')}"
        self.put("user_sessions", f"from other_records where {_during(spans)}")
        if not self.logs:
            self.keep("whole_turns", f"select * {self.but_without} from {self.main}.turns {in_time}")
            return
        self.put("log_records", "from user_sessions")
        self.keep("other_calls_with_modules", f"from {self.main}.calls_with_modules", meanwhile=True)
        others = "from other_calls_with_modules"
        self.put("part_calls_with_modules", *self.parts("calls_with_modules", near), others)
        turns = _together(*self.parts("turns", near), f"from {self.main}.turns where false")
        self.put("part_turns", f"from ({turns}) {in_time}")
        self.keep("whole_turns", f"select * {self.but_without} from ({self.texts['turns']})")
        open_turns = "select * exclude (module_name, module_source, is_settled) from whole_turns where not is_settled"
        self.keep("turn_timings", _together(open_turns, f"from {self.main}.turn_timings {in_time}"), meanwhile=True)

        self.put("log_records", *self.records(near), "from other_records")
        far = [*self.merged("outermost_mentions", before), *self.merged("outermost_mentions", behind)]
        mentions = _together(*far, f"from {self.main}.module_mentions")
        self.keep("module_mentions", f"from ({mentions}) where {_OF_OPEN_TURNS}", meanwhile=True)
        self.con.execute("delete from whole_turns where not is_settled")
        self.con.execute("alter table whole_turns drop column is_settled")
        self.con.execute(f"insert into whole_turns by name select * {self.but_without} from {self.main}.turns")

    def keep_part_of_turns(self, spans: Sequence[Range]) -> None:
        """Keep of turns what tells of times and errors."""
        self.put("user_sessions", f"from other_records where {_during(spans)}")
        turns = _together(*self.parts("turns", _near(self.logs, spans)), f"from {self.main}.turn_timings")
        in_time = f"where {_lies_in(spans, 'turn_at')}"
        self.keep("part_of_turns", f"select {_PART_OF_A_TURN} from ({turns}) {in_time}")

    def keep_calls(self, name: str, columns: str, spans: Sequence[Range]) -> None:
        """Keep *columns* of calls."""
        self.put("user_sessions", f"from other_records where {_during(spans)}")
        self.put("part_calls", *self.parts("calls", _near(self.logs, spans)), f"from {self.main}.calls")
        in_time = f"where {_lies_in(spans, 'started_at')}"
        self.keep(name, f"select {columns} from ({self.texts['calls']}) {in_time}")

    def keep_quarters(self, spans: Sequence[Range]) -> None:
        """Keep when callers were active."""
        self.put("user_sessions", f"from other_records where {_during(spans)}")
        others = f"from {self.main}.caller_quarters()"
        self.put("part_caller_quarters", *self.parts("caller_quarters()", _near(self.logs, spans)), others)
        in_time = f"where {_lies_in(spans, 'quarter_at')}"
        self.keep("held_quarters", f"from ({self.texts['caller_quarters']}) {in_time}")

    def keep_personal_data(self, spans: Sequence[Range]) -> None:
        """Keep where personal data stands."""
        in_time = f"where {_lies_in(spans, 'timestamp')}"
        self.put("user_sessions", f"from other_records {in_time}")
        others = f"from {self.main}.personal_data"
        places = _together(*self.parts("personal_data", _near(self.logs, spans)), others)
        self.keep("personal_data", f"from ({places}) {in_time}")

    def narrow_records(self, spans: Sequence[Range]) -> None:
        """Let who asks for records look only into logs that can have some: each costs time, be it of another year."""
        self.put("log_records", *self.records(_near(self.mirrored, spans)), "from plain_records")
        del self.meanwhile["log_records"]

    def turn_columns(self) -> str:
        """Return the columns of turns, those that are not kept as NULL."""
        if not self.without:
            return "*"
        described = self.con.execute(f"select column_name, column_type from (describe from {self.main}.turns)")
        return ", ".join(
            f"cast(null as {kind}) as {name}" if name in self.without else name for name, kind in described.fetchall()
        )

    def records(self, logs: Sequence[_Log]) -> list[str]:
        """Return the SELECT of the records of *logs*, if any."""
        return [mirrored_records([(log.file, log.mirror) for log in logs])] if logs else []

    def parts(self, view: str, logs: Sequence[_Log]) -> list[str]:
        """Return the SELECT of what each of *logs* tells alone of *view*, if there are any."""
        paths = csv_reader.file_list(self.kept.place(log.mirror, view) for log in logs)
        select = f"from read_parquet({paths}, hive_partitioning = false)"
        if view in _OF_RECORDS:
            file = named_by_index(log.file for log in logs)
            columns = f"* exclude (file_index) replace ({file} as source_file)"
            select = f"select {columns} from (select *, file_index {select})"
        return [select] if logs else []

    def merged(self, view: str, logs: Sequence[_Log]) -> list[str]:
        """Return the SELECT of what *logs* tell of *view* month by month, if there are any."""
        paths = self.kept.merge(self.con, view, [(log.mirror, log.last_at) for log in logs])
        return [f"from read_parquet({csv_reader.file_list(paths)}, hive_partitioning = false)"] if paths else []

    def put(self, name: str, *selects: str) -> None:
        """Let the rows of *selects* stand under *name*, until :meth:`leave`."""
        self.con.execute(f"create or replace temp view {name} as {_together(*selects)}")
        self.meanwhile[name] = "view"

    def keep(self, name: str, select: str, *, meanwhile: bool = False) -> None:
        """Keep the rows of *select* under *name*; if only *meanwhile*, until :meth:`leave`."""
        self.con.execute(f"create or replace temp table {name} as {select}")
        if meanwhile:
            self.meanwhile[name] = "table"

    def leave(self) -> None:
        """Take away what stood in the place of views only meanwhile."""
        for name, kind in self.meanwhile.items():
            self.con.execute(f"drop {kind} temp.{name}")
        self.con.execute(f"set preserve_insertion_order = {self.in_order}")


def _keep_weeks(con: DuckDBPyConnection, main: str, since: datetime, until: datetime, timezone: str) -> None:
    """
    Measure the objectives of each whole week of *timezone* in this time.

    Who asks for weeks of it gets their rows. DuckDB sees from the question alone whether that is so, and leaves
    out what needs not be asked.
    """
    mondays = [week for (week,) in con.execute(_WEEKS, [since, until, timezone]).fetchall()]
    if len(mondays) < 2:
        return
    con.execute(
        f"""
        create or replace temp table held_weeks as
        select
            measurements,
            cast(period_start as timestamp) at time zone $1 at time zone 'UTC' as week_since,
            cast(period_start + 7 as timestamp) at time zone $1 at time zone 'UTC' as week_until
        from {main}.objective_measurements(since := $2, until := $3, timezone := $1) as measurements
        """,
        [timezone, mondays[0], mondays[-1]],
    )
    listed = ", ".join(f"timestamp '{monday}'" for monday in mondays)
    first, last = (f"coalesce(list_position([{listed}], cast({end} as timestamp)), 0)" for end in ("since", "until"))
    weeks = f"(each = 'week' and timezone = {csv_reader.literal(timezone)} and {first} > 0 and {last} > 0)"
    week = f"(each = 'all' and {first} > 0 and {last} = {first} + 1)"
    con.execute(_OBJECTIVES.format(main=main, weeks=weeks, week=week))


def _together(*selects: str) -> str:
    return " union all by name ".join(selects)


def _lies_in(spans: Iterable[Range], instant: str) -> str:
    """Return whether the column *instant* lies in any of *spans*, in SQL."""
    tests = [f"{instant} >= timestamp '{since}' and {instant} < timestamp '{until}'" for since, until in spans]
    return f"({' or '.join(tests) or 'false'})"


def _during(spans: Iterable[Range]) -> str:
    """Return whether a record can belong to a call or turn of *spans*; one without an instant can."""
    return f"({_lies_in([(since - _LONGEST_CALL, until) for since, until in spans], 'timestamp')} or timestamp is null)"
