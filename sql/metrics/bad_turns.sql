-- Turns that a stage failed or kept waiting, in short windows of time: what incidents are looked for in.
-- Grain: one stage and window of window_minutes, cut from midnight UTC, with turns that reached the stage: in which it
-- ran, or failed. bad_turns: failed in that stage (failed_turns), or at or over its own target in objectives.
-- calls: those of the turns. bad_calls: the calls whose first bad turn in the range is here, so that they add up.
create or replace macro bad_turns(
    since := timestamp '-infinity', until := timestamp 'infinity', window_minutes := 5
) as table
with

turns_in_range as (
    select
        date_trunc('day', turn_at) + to_minutes(
            cast(window_minutes * floor((hour(turn_at) * 60 + minute(turn_at)) * 1.0 / window_minutes) as bigint)
        ) as window_at,
        call_id,
        error_stage,
        asr_ms,
        llm_ms,
        tts_ms
    from turns
    where turn_at >= since and turn_at < until and isfinite(turn_at)
),

stage_turns as (
    select window_at, 'asr' as stage, call_id, asr_ms as ms, error_stage from turns_in_range
    union all
    select window_at, 'llm' as stage, call_id, llm_ms as ms, error_stage from turns_in_range
    union all
    select window_at, 'tts' as stage, call_id, tts_ms as ms, error_stage from turns_in_range
),

stage_calls as (
    select
        stage_turns.window_at,
        stage_turns.stage,
        objectives.position,
        stage_turns.call_id,
        count(*) as turns,
        count(*) filter (
            where stage_turns.error_stage = stage_turns.stage or stage_turns.ms >= objectives.target
        ) as bad_turns,
        count(*) filter (where stage_turns.error_stage = stage_turns.stage) as failed_turns
    from stage_turns
    inner join objectives on stage_turns.stage = objectives.stage and objectives.kind = 'latency'
    where stage_turns.ms is not null or stage_turns.error_stage = stage_turns.stage
    group by stage_turns.window_at, stage_turns.stage, objectives.position, stage_turns.call_id
),

first_bad_windows as (
    select
        stage,
        call_id,
        min(window_at) as window_at
    from stage_calls
    where bad_turns > 0 and call_id is not null
    group by stage, call_id
)

select
    stage_calls.window_at,
    stage_calls.stage,
    cast(sum(stage_calls.turns) as bigint) as turns,
    cast(sum(stage_calls.bad_turns) as bigint) as bad_turns,
    cast(sum(stage_calls.failed_turns) as bigint) as failed_turns,
    count(stage_calls.call_id) as calls,
    count(first_bad_windows.call_id) as bad_calls
from stage_calls
left join first_bad_windows
    on stage_calls.stage = first_bad_windows.stage
    and stage_calls.call_id = first_bad_windows.call_id
    and stage_calls.window_at = first_bad_windows.window_at
group by stage_calls.window_at, stage_calls.stage, stage_calls.position
order by stage_calls.window_at, stage_calls.position;
