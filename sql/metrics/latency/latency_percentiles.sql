-- Latency percentiles by stage and day.
-- Grain: one stage and day, over the turns in which the stage ran.
-- Parameters:
--   since, until: range in UTC, half-open.
--   timezone: time zone in which days are cut.
-- Columns:
--   stage: 'asr', 'llm', 'tts' or 'total'.
--   day: date.
--   turns: number of turns in which the stage ran.
--   p50_ms: median, in ms.
--   p90_ms: 90th percentile, in ms.
--   p95_ms: 95th percentile, in ms.
--   p99_ms: 99th percentile, in ms.
create or replace macro latency_percentiles(
    since timestamp := null, until timestamp := null, timezone varchar := 'UTC'
) as table
with

turns_in_range as (
    select
        quarter_of(turn_at) as quarter_at,
        asr_ms,
        llm_ms,
        tts_ms,
        total_ms
    from internal.turn_timings
    where in_range(turn_at, since, until)
),

-- The local day of each quarter of an hour, not of each turn: time zones are slow.
distinct_quarters as (
    select distinct quarter_at
    from turns_in_range
),

quarters as (
    select
        quarter_at,
        local_day(quarter_at, timezone) as day
    from distinct_quarters
),

days as (
    select
        quarters.day,
        count(turns_in_range.asr_ms) as asr_turns,
        count(turns_in_range.llm_ms) as llm_turns,
        count(turns_in_range.tts_ms) as tts_turns,
        count(turns_in_range.total_ms) as total_turns,
        percentile(turns_in_range.asr_ms, [0.50, 0.90, 0.95, 0.99]) as asr,
        percentile(turns_in_range.llm_ms, [0.50, 0.90, 0.95, 0.99]) as llm,
        percentile(turns_in_range.tts_ms, [0.50, 0.90, 0.95, 0.99]) as tts,
        percentile(turns_in_range.total_ms, [0.50, 0.90, 0.95, 0.99]) as total
    from turns_in_range
    inner join quarters on turns_in_range.quarter_at = quarters.quarter_at
    group by quarters.day
),

stages (position, stage, day, turns, ms) as (
    select 1, 'asr', day, asr_turns, asr from days
    union all
    select 2, 'llm', day, llm_turns, llm from days
    union all
    select 3, 'tts', day, tts_turns, tts from days
    union all
    select 4, 'total', day, total_turns, total from days
)

select
    stage,
    day,
    turns,
    ms[1] as p50_ms,
    ms[2] as p90_ms,
    ms[3] as p95_ms,
    ms[4] as p99_ms
from stages
where turns > 0
order by position, day;
