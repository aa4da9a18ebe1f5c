-- Calls and their turns, day by day.
-- Grain: one day, by the start of the call.
-- Parameters:
--   since, until: range in UTC, half-open.
--   timezone: time zone in which days are cut.
-- Columns:
--   day: date.
--   calls: number of calls.
--   callers: number of different callers.
--   turns: number of turns.
--   turns_per_call: turns over calls.
--   errors: number of turns with an error.
--   interruptions: number of turns that the caller interrupted.
--   median_duration_s: median length of a call, in seconds.
create or replace macro calls_per_day(
    since timestamp := null, until timestamp := null, timezone varchar := 'UTC'
) as table
with

calls_in_range as (
    select
        *,
        quarter_of(started_at) as quarter_at
    from calls
    where in_range(started_at, since, until)
),

-- The local day of each quarter of an hour, not of each call: time zones are slow.
distinct_quarters as (
    select distinct quarter_at
    from calls_in_range
),

quarters as (
    select
        quarter_at,
        local_day(quarter_at, timezone) as day
    from distinct_quarters
)

select
    quarters.day,
    count(*) as calls,
    count(distinct calls_in_range.phone_number) as callers,
    cast(sum(calls_in_range.turns) as bigint) as turns,
    sum(calls_in_range.turns) / count(*) as turns_per_call,
    cast(sum(calls_in_range.errors) as bigint) as errors,
    cast(sum(calls_in_range.interruptions) as bigint) as interruptions,
    percentile(calls_in_range.duration_s, 0.5) as median_duration_s
from calls_in_range
inner join quarters on calls_in_range.quarter_at = quarters.quarter_at
group by quarters.day
order by quarters.day;
