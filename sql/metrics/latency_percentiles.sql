-- Latency percentiles by stage and day.
-- Grain: one stage and day, days cut in timezone. Percentiles in ms over the turns in which the stage ran.
create or replace macro latency_percentiles(
    since := timestamp '-infinity', until := timestamp 'infinity', timezone := 'UTC'
) as table
with

turns_in_range as (
    select
        *,
        cast(turn_at at time zone 'UTC' at time zone timezone as date) as day
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
)

select
    stage,
    day,
    count(*) as turns,
    percentile_cont(0.50) within group (order by ms) as p50_ms,
    percentile_cont(0.90) within group (order by ms) as p90_ms,
    percentile_cont(0.95) within group (order by ms) as p95_ms,
    percentile_cont(0.99) within group (order by ms) as p99_ms
from stage_times
where ms is not null
group by position, stage, day
order by position, day;
