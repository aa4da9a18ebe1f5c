-- Calls and their turns, day by day.
-- Grain: one day, cut in timezone, by the start of the call. median_duration_s in seconds.
create or replace macro calls_per_day(
    since := timestamp '-infinity', until := timestamp 'infinity', timezone := 'UTC'
) as table
with

calls_in_range as (
    select
        *,
        cast(local_time(started_at, timezone) as date) as day
    from calls
    where started_at >= since and started_at < until
)

select
    day,
    count(*) as calls,
    count(distinct phone_number) as callers,
    cast(sum(turns) as bigint) as turns,
    sum(turns) / count(*) as turns_per_call,
    cast(sum(errors) as bigint) as errors,
    cast(sum(interruptions) as bigint) as interruptions,
    percentile_cont(0.5) within group (order by duration_s) as median_duration_s
from calls_in_range
group by day
order by day;
