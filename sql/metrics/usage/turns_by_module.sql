-- How the turns of each learning module went.
-- Grain: one learning module; NULL when neither call nor caller names one. Times are over the turns in which the stage
-- ran.
-- Parameters:
--   since, until: range in UTC, half-open.
-- Columns:
--   module_name: learning module.
--   turns: number of turns.
--   calls: number of calls.
--   callers: number of callers.
--   turns_by_call: turns whose call names the module.
--   turns_by_caller: turns whose caller names it in another call.
--   turns_by_none: turns without a module.
--   p50_ms: median of total_ms, in ms.
--   p95_ms: 95th percentile of total_ms, in ms.
--   p95_asr_ms: 95th percentile of asr_ms, in ms.
--   p95_llm_ms: 95th percentile of llm_ms, in ms.
--   p95_tts_ms: 95th percentile of tts_ms, in ms.
--   error_rate_percent: turns with an error, in percent.
--   avg_asr_confidence: mean confidence of the speech recognition, from 0 to 1.
--   avg_tokens_in: mean number of tokens sent to the language model.
--   avg_tokens_out: mean number of tokens that it answered with.
create or replace macro turns_by_module(since timestamp := null, until timestamp := null) as table
with

turns_in_range as (
    select *
    from turns
    where in_range(turn_at, since, until)
),

-- Distinct values apart: DuckDB is several times slower when percentiles are computed beside them.
callers_of_modules as (
    select
        module_name,
        count(distinct call_id) as calls,
        count(distinct phone_number) as callers
    from turns_in_range
    group by module_name
),

turns_of_modules as (
    select
        module_name,
        count(*) as turns,
        count(*) filter (where module_source = 'call') as turns_by_call,
        count(*) filter (where module_source = 'caller') as turns_by_caller,
        count(*) filter (where module_source = 'none') as turns_by_none,
        percentile(total_ms, [0.50, 0.95]) as total_percentiles,
        percentile(asr_ms, 0.95) as p95_asr_ms,
        percentile(llm_ms, 0.95) as p95_llm_ms,
        percentile(tts_ms, 0.95) as p95_tts_ms,
        percent_of(count(error_stage), count(*)) as error_rate_percent,
        rounded(avg(asr_confidence), 9) as avg_asr_confidence,
        avg(tokens_in) as avg_tokens_in,
        avg(tokens_out) as avg_tokens_out
    from turns_in_range
    group by module_name
)

select
    turns_of_modules.module_name,
    turns_of_modules.turns,
    callers_of_modules.calls,
    callers_of_modules.callers,
    turns_of_modules.turns_by_call,
    turns_of_modules.turns_by_caller,
    turns_of_modules.turns_by_none,
    turns_of_modules.total_percentiles[1] as p50_ms,
    turns_of_modules.total_percentiles[2] as p95_ms,
    turns_of_modules.p95_asr_ms,
    turns_of_modules.p95_llm_ms,
    turns_of_modules.p95_tts_ms,
    turns_of_modules.error_rate_percent,
    turns_of_modules.avg_asr_confidence,
    turns_of_modules.avg_tokens_in,
    turns_of_modules.avg_tokens_out
from turns_of_modules
inner join callers_of_modules on turns_of_modules.module_name is not distinct from callers_of_modules.module_name
order by turns_of_modules.turns desc, turns_of_modules.module_name asc;
