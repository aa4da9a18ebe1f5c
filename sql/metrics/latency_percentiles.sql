-- Latency percentiles by stage and day.
-- Grain: one stage and day, days cut in timezone. Percentiles in ms over the turns in which the stage ran.
create or replace macro latency_percentiles(
    since := timestamp '-infinity', until := timestamp 'infinity', timezone := 'UTC'
) as table
with

turns_in_range as (
    select
        cast(local_time(turn_at, timezone) as date) as day,
        asr_ms,
        llm_ms,
        tts_ms,
        total_ms
    from turns
    where turn_at >= since and turn_at < until
),

stage_times as (
    select 1 as position, 'asr' as stage, day, asr_ms as ms from turns_in_range
    union all
    select 2 as position, 'llm' as stage, day, llm_ms as ms from turns_in_range
    union all
    select 3 as position, 'tts' as stage, day, tts_ms as ms from turns_in_range
    union all
    select 4 as position, 'total' as stage, day, total_ms as ms from turns_in_range
),

-- Asked for together, for which the times are sorted once.
percentiles as (
    select
        position,
        stage,
        day,
        count(*) as turns,
        percentile_cont(array[0.50, 0.90, 0.95, 0.99]) within group (order by ms) as ms
    from stage_times
    where ms is not null
    group by position, stage, day
)

select
    stage,
    day,
    turns,
    ms[1] as p50_ms,
    ms[2] as p90_ms,
    ms[3] as p95_ms,
    ms[4] as p99_ms
from percentiles
order by position, day;
