-- The telephone calls, put together from what each log tells of them; one over midnight stands in two.
-- Grain: one call. Columns as in the view of the same name.
select
    call_id,
    min(phone_number) as phone_number,
    min(started_at) as started_at,
    max(ended_at) as ended_at,
    epoch(max(ended_at) - min(started_at)) as duration_s,
    cast(sum(turns) as bigint) as turns,
    cast(sum(interactions) as bigint) as interactions,
    cast(sum(errors) as bigint) as errors,
    cast(sum(interruptions) as bigint) as interruptions,
    list_sort(list_distinct(flatten(array_agg(modules) filter (where modules is not null)))) as modules
from part_calls
group by call_id
