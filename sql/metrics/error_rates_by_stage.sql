-- Share of turns with an error, by the stage that failed.
-- Grain: one stage; 'unknown' where neither words nor timings tell. Percent of the turns that
-- reached the stage: in which it ran, or failed.
create or replace macro error_rates_by_stage(
    since := timestamp '-infinity', until := timestamp 'infinity'
) as table
with

turns_in_range as (
    select *
    from turns
    where turn_at >= since and turn_at < until
),

stages as (
    select 1 as position, 'asr' as stage, error_stage, asr_ms is not null as ran from turns_in_range
    union all
    select 2 as position, 'llm' as stage, error_stage, llm_ms is not null as ran from turns_in_range
    union all
    select 3 as position, 'tts' as stage, error_stage, tts_ms is not null as ran from turns_in_range
    union all
    select 4 as position, 'unknown' as stage, error_stage, true as ran from turns_in_range
),

counts as (
    select
        position,
        stage,
        count(*) filter (where ran or coalesce(error_stage = stage, false)) as reached_turns,
        count(*) filter (where error_stage = stage) as errors
    from stages
    group by position, stage
)

select
    stage,
    reached_turns,
    errors,
    100.0 * errors / nullif(reached_turns, 0) as error_rate_percent
from counts
order by position;
