-- The calls whose callers waited longest, turn by turn.
-- Grain: one turn of the max_calls slowest calls that start in the range; place 1 is the slowest call. waited_ms:
-- what the call's turns took beyond the target 'total_latency', added up; calls with none are no slow calls.
-- Times of the turn in ms, offset_s in seconds from the start of the call to the record of the turn.
create or replace macro slowest_calls(
    since := timestamp '-infinity', until := timestamp 'infinity', max_calls := 5
) as table
with

calls_in_range as (
    select
        call_id,
        phone_number,
        started_at
    from calls
    where started_at >= since and started_at < until
),

timed_turns as (
    select
        call_id,
        total_ms
    from turns
    where turn_at >= since
),

waits as (
    select
        timed_turns.call_id,
        timed_turns.total_ms - objectives.target as waited_ms
    from timed_turns
    inner join objectives on timed_turns.total_ms > objectives.target
    where objectives.objective = 'total_latency'
),

-- Added up in one order, whatever the number of threads.
slow_calls as (
    select
        call_id,
        sum(waited_ms order by waited_ms) as waited_ms
    from waits
    group by call_id
),

slowest as (
    select
        calls_in_range.call_id,
        calls_in_range.phone_number,
        calls_in_range.started_at,
        slow_calls.waited_ms
    from slow_calls
    inner join calls_in_range on slow_calls.call_id = calls_in_range.call_id
    order by slow_calls.waited_ms desc, slow_calls.call_id asc
    limit max_calls
),

places as (
    select
        *,
        row_number() over (order by waited_ms desc, call_id asc) as place
    from slowest
)

select
    places.place,
    places.call_id,
    places.phone_number,
    places.started_at,
    places.waited_ms,
    turns.turn,
    turns.turn_at,
    epoch(turns.turn_at - places.started_at) as offset_s,
    turns.asr_ms,
    turns.llm_ms,
    turns.tts_ms,
    turns.unattributed_ms,
    turns.total_ms,
    turns.error_stage,
    turns.module_name
from places
inner join turns on places.call_id = turns.call_id
order by places.place, turns.turn_at, turns.turn, turns.source_file, turns.source_row;
