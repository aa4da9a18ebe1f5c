-- Telephone calls in the logs that have no rollups.
-- Grain: one call in one log and four hours; the view calls joins what belongs together.
-- Records without an instant count for the first call of their id in the log.
create or replace view internal.calls_from_records as
with

records as (
    select
        *,
        coalesce(call_id, session_id) as call_key,
        coalesce(interaction_type = 'turn_metrics', false) as is_turn,
        floor(epoch(timestamp) / 14400) as four_hours
    from internal.unrolled_records
    where interaction_type is distinct from 'sms'
),

counts as (
    select
        source_file,
        call_key,
        four_hours,
        min(phone_number) as phone_number,
        min(timestamp) as started_at,
        max(timestamp) as ended_at,
        count(*) filter (where is_turn) as turns,
        count(*) filter (where not is_turn) as interactions,
        count(*) filter (where is_turn and not blank(error)) as errors,
        count(*) filter (where barge_in_triggered) as interruptions,
        array_agg(distinct module_name) filter (where not is_turn and module_name is not null) as modules
    from records
    where call_key is not null
    group by source_file, call_key, four_hours
),

dated_counts as (
    select
        *,
        coalesce(four_hours, min(four_hours) over (partition by source_file, call_key)) as slot
    from counts
)

select
    call_key as call_id,
    min(phone_number) as phone_number,
    min(started_at) as started_at,
    max(ended_at) as ended_at,
    cast(sum(turns) as bigint) as turns,
    cast(sum(interactions) as bigint) as interactions,
    cast(sum(errors) as bigint) as errors,
    cast(sum(interruptions) as bigint) as interruptions,
    list_sort(list_distinct(flatten(array_agg(modules) filter (where modules is not null)))) as modules,
    source_file
from dated_counts
group by source_file, call_key, slot;
