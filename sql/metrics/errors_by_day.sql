-- Failed turns by day and the stage that failed.
-- Grain: one day, cut in timezone, and stage. Percent of all turns of the day, so that stages add up.
create or replace macro errors_by_day(
    since := timestamp '-infinity', until := timestamp 'infinity', timezone := 'UTC'
) as table
with

turns_in_range as (
    select
        *,
        cast(local_time(turn_at, timezone) as date) as day
    from turns
    where turn_at >= since and turn_at < until
),

days as (
    select
        day,
        count(*) as turns
    from turns_in_range
    group by day
),

failures as (
    select
        day,
        error_stage as stage,
        count(*) as errors
    from turns_in_range
    where error_stage is not null
    group by day, error_stage
)

select
    days.day,
    failures.stage,
    failures.errors,
    days.turns,
    100.0 * failures.errors / days.turns as error_rate_percent
from failures
inner join days on failures.day = days.day
order by days.day, failures.stage;
