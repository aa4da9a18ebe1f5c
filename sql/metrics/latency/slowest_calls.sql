-- The calls whose callers waited longest, turn by turn.
-- Grain: one turn of one of the slowest calls that start in the range.
-- Parameters:
--   since, until: range in UTC, half-open.
--   max_calls: number of calls at most; calls that kept nobody waiting don't count.
-- Columns:
--   place: 1 is the slowest call.
--   call_id: Twilio's call id.
--   phone_number: caller.
--   started_at: start of the call, UTC.
--   waited_ms: time that its turns took beyond the target 'total_latency', in ms, added up.
--   turn: number of the turn in its call, as logged.
--   turn_at: instant of the turn's record, UTC.
--   offset_s: from the start of the call to that record, in seconds.
--   asr_ms: time of the speech recognition, in ms.
--   llm_ms: time of the language model, in ms.
--   tts_ms: time of the speech synthesis, in ms.
--   unattributed_ms: time that no stage accounts for, in ms.
--   total_ms: time of the whole turn, in ms.
--   error_stage: stage that failed.
--   module_name: learning module.
create or replace macro slowest_calls(
    since timestamp := null, until timestamp := null, max_calls integer := 5
) as table
with

calls_in_range as (
    select
        call_id,
        phone_number,
        started_at,
        ended_at
    from calls
    where in_range(started_at, since, until)
),

-- A call that starts in the range can last beyond it.
timed_turns as (
    select
        call_id,
        turn_at,
        total_ms
    from turns
    where in_range(turn_at, since, null)
),

waits as (
    select
        timed_turns.call_id,
        timed_turns.turn_at,
        timed_turns.total_ms - objectives.target as waited_ms
    from timed_turns
    inner join objectives on timed_turns.total_ms > objectives.target
    where objectives.objective = 'total_latency'
),

slow_calls as (
    select
        calls_in_range.call_id,
        calls_in_range.phone_number,
        calls_in_range.started_at,
        calls_in_range.ended_at,
        rounded(sum(waits.waited_ms), 6) as waited_ms
    from waits
    inner join calls_in_range
        on waits.call_id = calls_in_range.call_id
        and waits.turn_at >= calls_in_range.started_at
        and waits.turn_at <= calls_in_range.ended_at
    group by
        calls_in_range.call_id,
        calls_in_range.phone_number,
        calls_in_range.started_at,
        calls_in_range.ended_at
),

slowest as (
    select *
    from slow_calls
    order by waited_ms desc, call_id asc, started_at asc
    limit max_calls
),

places as (
    select
        *,
        row_number() over (order by waited_ms desc, call_id asc, started_at asc) as place
    from slowest
),

-- Turns without an instant are listed with the call of their id.
later_turns as (
    select *
    from turns
    where turn_at is null or in_range(turn_at, since, null)
)

select
    places.place,
    places.call_id,
    places.phone_number,
    places.started_at,
    places.waited_ms,
    later_turns.turn,
    later_turns.turn_at,
    epoch(later_turns.turn_at - places.started_at) as offset_s,
    later_turns.asr_ms,
    later_turns.llm_ms,
    later_turns.tts_ms,
    later_turns.unattributed_ms,
    later_turns.total_ms,
    later_turns.error_stage,
    later_turns.module_name
from places
inner join later_turns
    on places.call_id = later_turns.call_id
    and coalesce(places.started_at <= later_turns.turn_at and places.ended_at >= later_turns.turn_at, true)
order by places.place, later_turns.turn_at, later_turns.turn, later_turns.source_file, later_turns.source_row;
