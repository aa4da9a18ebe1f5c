-- The specification's average response times, over the turn metrics of a period before as_of.
-- Grain: one module_name of the log, which is 'metrics' for every turn; turns_by_module has the learning modules.
-- Parameters:
--   as_of: instant at which the period ends, in UTC; by default now.
--   lookback: its length.
-- Columns:
--   module_name: module, as logged.
--   avg_asr_ms: mean of asr_ms, in ms; as in the specification, 0 ("did not run") counts.
--   avg_llm_ms: mean of llm_ms, in ms.
--   avg_tts_ms: mean of tts_ms, in ms.
--   avg_total_ms: mean of total_ms, in ms.
--   total_interactions: number of turns.
create or replace macro average_response_times_by_module(
    as_of timestamp := null, lookback interval := interval 24 hours
) as table
with

turn_records as (
    select *
    from user_sessions
    where
        interaction_type = 'turn_metrics'
        and timestamp >= coalesce(as_of, utc_now()) - lookback
        and timestamp <= coalesce(as_of, utc_now())
)

select
    module_name,
    avg(asr_ms) as avg_asr_ms,
    avg(llm_ms) as avg_llm_ms,
    avg(tts_ms) as avg_tts_ms,
    avg(total_ms) as avg_total_ms,
    count(*) as total_interactions
from turn_records
group by module_name
order by module_name;
