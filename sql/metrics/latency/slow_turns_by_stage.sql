-- What pushed slow turns over the target of the whole turn.
-- Grain: one day and pushed_by. A turn is slow when its total is at or over the target 'total_latency'.
-- Parameters:
--   since, until: range in UTC, half-open.
--   timezone: time zone in which days are cut.
-- Columns:
--   day: date.
--   pushed_by: the stage furthest over its own target, in ms; 'unattributed' when the time that no stage accounts for
--     is at least as long, and enough by itself to make the turn slow; 'together' when no stage is over its target.
--   turns: number of slow turns.
--   median_over_ms: median time of the turn over its target, in ms.
--   median_excess_ms: median time of what pushed it over its own target, in ms; unattributed time counts whole.
create or replace macro slow_turns_by_stage(
    since timestamp := null, until timestamp := null, timezone varchar := 'UTC'
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
    from internal.turn_timings
    where in_range(turn_at, since, until)
),

slow_turns as (
    select
        quarter_of(turns_in_range.turn_at) as quarter_at,
        turns_in_range.total_ms - targets.total_target as over_ms,
        turns_in_range.unattributed_ms,
        coalesce(turns_in_range.asr_ms - targets.asr_target, 0) as asr_excess,
        coalesce(turns_in_range.llm_ms - targets.llm_target, 0) as llm_excess,
        coalesce(turns_in_range.tts_ms - targets.tts_target, 0) as tts_excess
    from turns_in_range
    inner join targets on turns_in_range.total_ms >= targets.total_target
),

-- The local day of each quarter of an hour, not of each turn: time zones are slow.
distinct_quarters as (
    select distinct quarter_at
    from slow_turns
),

quarters as (
    select
        quarter_at,
        local_day(quarter_at, timezone) as day
    from distinct_quarters
),

furthest as (
    select
        *,
        greatest(asr_excess, llm_excess, tts_excess) as stage_excess
    from slow_turns
),

blamed as (
    select
        quarter_at,
        over_ms,
        case
            when unattributed_ms >= over_ms and unattributed_ms >= stage_excess and unattributed_ms > 0
                then 'unattributed'
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
    quarters.day,
    blamed.pushed_by,
    count(*) as turns,
    percentile(blamed.over_ms, 0.5) as median_over_ms,
    percentile(
        case blamed.pushed_by
            when 'together' then null
            when 'unattributed' then blamed.unattributed_ms
            else blamed.stage_excess
        end,
        0.5
    ) as median_excess_ms
from blamed
inner join quarters on blamed.quarter_at = quarters.quarter_at
group by quarters.day, blamed.pushed_by
order by quarters.day, blamed.pushed_by;
