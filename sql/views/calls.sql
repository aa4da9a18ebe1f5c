-- The telephone calls.
-- Grain: one call, from its first record to its last. Four hours without a record end a call: a call id used again
-- after that is another call. A call is closed in its log when no other log has a record less than four hours before
-- its first or after its last; only calls that are not are joined across logs.
-- Columns:
--   call_id: Twilio's call id.
--   phone_number: the caller.
--   started_at: instant of the first record, UTC.
--   ended_at: instant of the last record, UTC.
--   duration_s: from the first record to the last, in seconds.
--   turns: number of turn_metrics records.
--   interactions: number of other records.
--   errors: number of turns with an error.
--   interruptions: number of turns that the caller interrupted (barge-in).
--   modules: learning modules that its interactions name, sorted.
create or replace view calls as
with

parts as not materialized (
    select
        *,
        started_at is not null
        and not coalesce(
            started_at >= others_until + interval 4 hours and ended_at <= others_since - interval 4 hours,
            false
        ) as is_open
    from internal.calls_by_log
),

open_parts as (
    select
        *,
        max(ended_at) over (
            partition by call_id order by started_at, ended_at, source_file
            rows between unbounded preceding and 1 preceding
        ) as ended_before
    from parts
    where is_open
),

numbered_parts as (
    select
        *,
        sum(case when started_at >= ended_before + interval 4 hours then 1 else 0 end) over (
            partition by call_id order by started_at, ended_at, source_file
            rows between unbounded preceding and current row
        ) as call_number
    from open_parts
),

joined_calls as (
    select
        call_id,
        min(phone_number) as phone_number,
        min(started_at) as started_at,
        max(ended_at) as ended_at,
        cast(sum(turns) as bigint) as turns,
        cast(sum(interactions) as bigint) as interactions,
        cast(sum(errors) as bigint) as errors,
        cast(sum(interruptions) as bigint) as interruptions,
        list_sort(list_distinct(flatten(array_agg(modules) filter (where modules is not null)))) as modules
    from numbered_parts
    group by call_id, call_number
),

all_calls as (
    select
        call_id,
        phone_number,
        started_at,
        ended_at,
        turns,
        interactions,
        errors,
        interruptions,
        modules
    from parts
    where not is_open

    union all

    select
        call_id,
        phone_number,
        started_at,
        ended_at,
        turns,
        interactions,
        errors,
        interruptions,
        modules
    from joined_calls
)

select
    call_id,
    phone_number,
    started_at,
    ended_at,
    epoch(ended_at - started_at) as duration_s,
    turns,
    interactions,
    errors,
    interruptions,
    modules
from all_calls;
