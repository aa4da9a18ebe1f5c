-- The telephone calls.
-- Grain: one call. It lasts from its first record to its last; durations in seconds.
create or replace view calls as
with

records as (
    select
        *,
        coalesce(call_id, session_id) as call_key,
        coalesce(interaction_type = 'turn_metrics', false) as is_turn
    from user_sessions
    where interaction_type is distinct from 'sms'
)

select
    call_key as call_id,
    min(phone_number) as phone_number,
    min(timestamp) as started_at,
    max(timestamp) as ended_at,
    epoch(max(timestamp) - min(timestamp)) as duration_s,
    count(*) filter (where is_turn) as turns,
    count(*) filter (where not is_turn) as interactions,
    count(*) filter (where is_turn and coalesce(trim(error), '') <> '') as errors,
    count(*) filter (where barge_in_triggered) as interruptions,
    list_sort(array_agg(distinct module_name) filter (where not is_turn and module_name is not null)) as modules
from records
where call_key is not null
group by call_key;
