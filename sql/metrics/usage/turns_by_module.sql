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
select
    module_name,
    count(*) as turns,
    count(distinct call_id) as calls,
    count(distinct phone_number) as callers,
    count(*) filter (where module_source = 'call') as turns_by_call,
    count(*) filter (where module_source = 'caller') as turns_by_caller,
    count(*) filter (where module_source = 'none') as turns_by_none,
    percentile(total_ms, 0.50) as p50_ms,
    percentile(total_ms, 0.95) as p95_ms,
    percentile(asr_ms, 0.95) as p95_asr_ms,
    percentile(llm_ms, 0.95) as p95_llm_ms,
    percentile(tts_ms, 0.95) as p95_tts_ms,
    percent_of(count(error_stage), count(*)) as error_rate_percent,
    rounded(avg(asr_confidence), 9) as avg_asr_confidence,
    avg(tokens_in) as avg_tokens_in,
    avg(tokens_out) as avg_tokens_out
from turns
where in_range(turn_at, since, until)
group by module_name
order by turns desc, module_name asc;
