-- Failed turns by day and the stage that failed.
-- Grain: one day and stage with failed turns.
-- Parameters:
--   since, until: range in UTC, half-open.
--   timezone: time zone in which days are cut.
-- Columns:
--   day: date.
--   stage: 'asr', 'llm', 'tts' or 'unknown'.
--   errors: number of turns that failed there.
--   turns: number of all turns of the day.
--   error_rate_percent: the first in percent of the second, so that stages add up.
create or replace macro errors_by_day(
    since timestamp := null, until timestamp := null, timezone varchar := 'UTC'
) as table
with

quarters as (
    select
        quarter_of(turn_at) as quarter_at,
        error_stage as stage,
        count(*) as turns
    from internal.turn_timings
    where in_range(turn_at, since, until)
    group by quarter_of(turn_at), error_stage
),

days as (
    select
        local_day(quarter_at, timezone) as day,
        stage,
        cast(sum(turns) as bigint) as errors
    from quarters
    group by local_day(quarter_at, timezone), stage
),

day_totals as (
    select
        *,
        cast(sum(errors) over (partition by day) as bigint) as turns
    from days
)

select
    day,
    stage,
    errors,
    turns,
    percent_of(errors, turns) as error_rate_percent
from day_totals
where stage is not null
order by day, stage;
