-- The specification's average response times over the turn metrics of a time before as_of.
-- Grain: one module_name of the log, which is 'metrics' for every turn: see turns_by_module for the
-- learning modules. Times in ms; as in the specification, 0 ("did not run") counts in the averages.
create or replace macro average_response_times_by_module(
    as_of := cast(null as timestamp), lookback := interval 24 hours
) as table
with

turn_records as (
    select *
    from user_sessions
    where
        interaction_type = 'turn_metrics'
        and timestamp >= coalesce(as_of, timezone('UTC', now())) - lookback
        and timestamp <= coalesce(as_of, timezone('UTC', now()))
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
