-- The turns of the logs that have parts, and whether what a log tells alone settles the learning module of each.
-- Grain: one turn_metrics record. It does where the turn's call names a module in that log and in no other; else
-- other logs can hold an interaction that is nearer.
with

calls_of_several_logs as (
    select call_key
    from part_calls_with_modules
    group by call_key
    having count(*) > 1
)

select
    part_turns.*, -- noqa: AM04
    part_turns.module_source = 'call' and calls_of_several_logs.call_key is null as is_settled
from part_turns
left join calls_of_several_logs on part_turns.call_id = calls_of_several_logs.call_key
