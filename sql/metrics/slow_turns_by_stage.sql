-- What pushed slow turns over the target of the whole turn.
-- Grain: one day, cut in timezone, and pushed_by. A turn is slow from the target 'total_latency' on. pushed_by is the
-- stage furthest over its own target, in ms; 'unattributed' when the time that no stage accounts for is as far over as
-- any, and enough by itself to make the turn slow; 'together' when none is over its own.
-- Medians in ms: of the turn over its target, and of what pushed it over its own (unattributed time has none, and counts
-- whole).
create or replace macro slow_turns_by_stage(
    since := timestamp '-infinity', until := timestamp 'infinity', timezone := 'UTC'
) as table
with

targets as (
    select
        max(target) filter (where objective = 'asr_latency') as asr_target,
        max(target) filter (where objective = 'llm_latency') as llm_target,
        max(target) filter (where objective = 'tts_latency') as tts_target,
        max(target) filter (where objective = 'total_latency') as total_target
    from objectives
),

turns_in_range as (
    select
        turn_at,
        asr_ms,
        llm_ms,
        tts_ms,
        total_ms,
        unattributed_ms
    from turns
    where turn_at >= since and turn_at < until
),

slow_turns as (
    select
        turns_in_range.turn_at,
        turns_in_range.total_ms - targets.total_target as over_ms,
        turns_in_range.unattributed_ms,
        coalesce(turns_in_range.asr_ms - targets.asr_target, 0) as asr_excess,
        coalesce(turns_in_range.llm_ms - targets.llm_target, 0) as llm_excess,
        coalesce(turns_in_range.tts_ms - targets.tts_target, 0) as tts_excess
    from turns_in_range
    inner join targets on turns_in_range.total_ms >= targets.total_target
),

furthest as (
    select
        *,
        greatest(asr_excess, llm_excess, tts_excess) as stage_excess
    from slow_turns
),

blamed as (
    select
        cast(local_time(turn_at, timezone) as date) as day,
        over_ms,
        case
            when unattributed_ms >= over_ms and unattributed_ms >= stage_excess and unattributed_ms > 0 then 'unattributed'
            when stage_excess <= 0 then 'together'
            when asr_excess = stage_excess then 'asr'
            when llm_excess = stage_excess then 'llm'
            else 'tts'
        end as pushed_by,
        unattributed_ms,
        stage_excess
    from furthest
)

select
    day,
    pushed_by,
    count(*) as turns,
    percentile_cont(0.5) within group (order by over_ms) as median_over_ms,
    percentile_cont(0.5) within group (
        order by case pushed_by when 'together' then null when 'unattributed' then unattributed_ms else stage_excess end
    ) as median_excess_ms
from blamed
group by day, pushed_by
order by day, pushed_by;
