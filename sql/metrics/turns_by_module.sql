-- How the turns of each learning module went.
-- Grain: one learning module; NULL where neither call nor caller tells it. Times in ms, over the turns in which the
-- stage ran. turns_by_call, turns_by_caller, turns_by_none: by what told the module. The mean confidence is rounded:
-- its last digits would differ with the order in which threads add up.
create or replace macro turns_by_module(
    since := timestamp '-infinity', until := timestamp 'infinity'
) as table
select
    module_name,
    count(*) as turns,
    count(distinct call_id) as calls,
    count(distinct phone_number) as callers,
    count(*) filter (where module_source = 'call') as turns_by_call,
    count(*) filter (where module_source = 'caller') as turns_by_caller,
    count(*) filter (where module_source = 'none') as turns_by_none,
    percentile_cont(0.50) within group (order by total_ms) as p50_ms,
    percentile_cont(0.95) within group (order by total_ms) as p95_ms,
    percentile_cont(0.95) within group (order by asr_ms) as p95_asr_ms,
    percentile_cont(0.95) within group (order by llm_ms) as p95_llm_ms,
    percentile_cont(0.95) within group (order by tts_ms) as p95_tts_ms,
    100.0 * count(error_stage) / count(*) as error_rate_percent,
    round(avg(asr_confidence), 9) as avg_asr_confidence,
    avg(tokens_in) as avg_tokens_in,
    avg(tokens_out) as avg_tokens_out
from turns
where turn_at >= since and turn_at < until
group by module_name
order by turns desc, module_name asc;
