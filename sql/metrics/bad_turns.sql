-- Turns that a stage failed or kept waiting, in short windows of time: what incidents are looked for in.
-- Grain: one stage and window of window_minutes, cut from midnight UTC, with turns that reached the stage: in which it
-- ran, or failed. bad_turns: failed in that stage (failed_turns), or at or over its own target in objectives.
-- calls: those of the turns. bad_calls: the calls whose first bad turn in the range is here, so that they add up.
create or replace macro bad_turns(
    since := timestamp '-infinity', until := timestamp 'infinity', window_minutes := 5
) as table
with

limits as (
    select
        max(target) filter (where stage = 'asr') as asr,
        max(target) filter (where stage = 'llm') as llm,
        max(target) filter (where stage = 'tts') as tts
    from objectives
    where kind = 'latency'
),

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

-- By call first, of which there are far fewer than turns and stages.
calls_in_windows as (
    select
        turns_in_range.window_at,
        turns_in_range.call_id,
        count(*) filter (where turns_in_range.asr_ms is not null or turns_in_range.error_stage = 'asr') as asr_turns,
        count(*) filter (where turns_in_range.llm_ms is not null or turns_in_range.error_stage = 'llm') as llm_turns,
        count(*) filter (where turns_in_range.tts_ms is not null or turns_in_range.error_stage = 'tts') as tts_turns,
        count(*) filter (where turns_in_range.asr_ms >= limits.asr or turns_in_range.error_stage = 'asr') as asr_bad,
        count(*) filter (where turns_in_range.llm_ms >= limits.llm or turns_in_range.error_stage = 'llm') as llm_bad,
        count(*) filter (where turns_in_range.tts_ms >= limits.tts or turns_in_range.error_stage = 'tts') as tts_bad,
        count(*) filter (where turns_in_range.error_stage = 'asr') as asr_failed,
        count(*) filter (where turns_in_range.error_stage = 'llm') as llm_failed,
        count(*) filter (where turns_in_range.error_stage = 'tts') as tts_failed
    from turns_in_range
    cross join limits
    group by turns_in_range.window_at, turns_in_range.call_id
),

stages_of_calls (position, stage, window_at, call_id, turns, bad_turns, failed_turns) as (
    select 1, 'asr', window_at, call_id, asr_turns, asr_bad, asr_failed from calls_in_windows
    union all
    select 2, 'llm', window_at, call_id, llm_turns, llm_bad, llm_failed from calls_in_windows
    union all
    select 3, 'tts', window_at, call_id, tts_turns, tts_bad, tts_failed from calls_in_windows
),

stage_calls as (
    select *
    from stages_of_calls
    where turns > 0
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
