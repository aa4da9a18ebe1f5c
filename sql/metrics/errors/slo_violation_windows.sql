-- Turns that failed, missed a latency target or needed a speech fallback, in short windows of time.
-- Grain: one window and stage that turns reached. A turn reached 'asr', 'llm' or 'tts' when the stage ran, or failed.
-- It reached 'fallback' when it states a provider and a fallback count.
-- Parameters:
--   since, until: range in UTC, half-open.
--   window_minutes: length of a window, cut from midnight UTC.
-- Columns:
--   window_at: start of the window, UTC.
--   stage: 'asr', 'llm', 'tts' or 'fallback'.
--   turns: number of turns that reached the stage.
--   bad_turns: those that failed there, or took its latency target or longer; for 'fallback', those with a fallback.
--   failed_turns: bad turns that failed; for 'fallback', in the stage 'tts'.
--   calls: number of calls of the turns.
--   bad_calls: number of calls whose first bad turn of the range is here, so that they add up.
create or replace macro slo_violation_windows(
    since timestamp := null, until timestamp := null, window_minutes integer := 5
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
        window_of(turn_at, window_minutes) as window_at,
        call_id,
        error_stage,
        asr_ms,
        llm_ms,
        tts_ms,
        case when tts_provider is not null then tts_fallback_count end as fallbacks
    from internal.turn_timings
    where in_range(turn_at, since, until)
),

-- By call first, of which there are far fewer than turns and stages.
calls_in_windows as (
    select
        turns_in_range.window_at,
        turns_in_range.call_id,
        count(*) filter (where turns_in_range.asr_ms is not null or turns_in_range.error_stage = 'asr') as asr_turns,
        count(*) filter (where turns_in_range.llm_ms is not null or turns_in_range.error_stage = 'llm') as llm_turns,
        count(*) filter (where turns_in_range.tts_ms is not null or turns_in_range.error_stage = 'tts') as tts_turns,
        count(turns_in_range.fallbacks) as fallback_turns,
        count(*) filter (where turns_in_range.asr_ms >= limits.asr or turns_in_range.error_stage = 'asr') as asr_bad,
        count(*) filter (where turns_in_range.llm_ms >= limits.llm or turns_in_range.error_stage = 'llm') as llm_bad,
        count(*) filter (where turns_in_range.tts_ms >= limits.tts or turns_in_range.error_stage = 'tts') as tts_bad,
        count(*) filter (where turns_in_range.fallbacks > 0) as fallback_bad,
        count(*) filter (where turns_in_range.error_stage = 'asr') as asr_failed,
        count(*) filter (where turns_in_range.error_stage = 'llm') as llm_failed,
        count(*) filter (where turns_in_range.error_stage = 'tts') as tts_failed,
        count(*) filter (where turns_in_range.fallbacks > 0 and turns_in_range.error_stage = 'tts') as fallback_failed
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
    union all
    select 4, 'fallback', window_at, call_id, fallback_turns, fallback_bad, fallback_failed from calls_in_windows
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
