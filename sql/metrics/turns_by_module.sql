-- How the turns of each learning module went.
-- Grain: one learning module; NULL where neither call nor caller tells it. Times in ms.
create or replace macro turns_by_module(
    since := timestamp '-infinity', until := timestamp 'infinity'
) as table
select
    module_name,
    count(*) as turns,
    count(distinct call_id) as calls,
    count(distinct phone_number) as callers,
    count(*) filter (where module_source = 'caller') as turns_by_caller,
    percentile_cont(0.50) within group (order by total_ms) as p50_ms,
    percentile_cont(0.95) within group (order by total_ms) as p95_ms,
    100.0 * count(error_stage) / count(*) as error_rate_percent,
    avg(asr_confidence) as avg_asr_confidence,
    avg(tokens_in) as avg_tokens_in,
    avg(tokens_out) as avg_tokens_out
from turns
where turn_at >= since and turn_at < until
group by module_name
order by turns desc, module_name asc;
