-- Share of turns with an error, by the stage that failed.
-- Grain: one stage; 'unknown' when neither words nor times tell.
-- Parameters:
--   since, until: range in UTC, half-open.
-- Columns:
--   stage: 'asr', 'llm', 'tts' or 'unknown'.
--   reached_turns: number of turns that reached the stage: in which it ran, or failed.
--   errors: number of turns in which it failed.
--   error_rate_percent: the second in percent of the first.
create or replace macro error_rates_by_stage(since timestamp := null, until timestamp := null) as table
with

counts as (
    select
        count(*) as turns,
        count(*) filter (where asr_ms is not null or error_stage = 'asr') as asr_turns,
        count(*) filter (where llm_ms is not null or error_stage = 'llm') as llm_turns,
        count(*) filter (where tts_ms is not null or error_stage = 'tts') as tts_turns,
        count(*) filter (where error_stage = 'asr') as asr_errors,
        count(*) filter (where error_stage = 'llm') as llm_errors,
        count(*) filter (where error_stage = 'tts') as tts_errors,
        count(*) filter (where error_stage = 'unknown') as unknown_errors
    from internal.turn_timings
    where in_range(turn_at, since, until)
),

stages (position, stage, turns, reached_turns, errors) as (
    select 1, 'asr', turns, asr_turns, asr_errors from counts
    union all
    select 2, 'llm', turns, llm_turns, llm_errors from counts
    union all
    select 3, 'tts', turns, tts_turns, tts_errors from counts
    union all
    select 4, 'unknown', turns, turns as reached_turns, unknown_errors from counts
)

select
    stage,
    reached_turns,
    errors,
    percent_of(errors, reached_turns) as error_rate_percent
from stages
where turns > 0
order by position;
