-- The specification's module_usage table, as the logger's own upsert would have left it.
-- Grain: one caller and learning module. total_duration in seconds, rounded:
-- its last digits would differ with the order in which threads add up.
-- Columns:
--   id: number of the row, in the order of first use.
--   phone_number: the caller.
--   module_name: the learning module.
--   usage_count: number of interactions.
--   total_duration: duration of the interactions, in seconds.
--   last_used: instant of the last interaction, UTC.
create or replace view module_usage as
select
    row_number() over (order by min(interaction_at), phone_number, module_name) as id,
    phone_number,
    module_name,
    count(*) as usage_count,
    coalesce(rounded(sum(session_duration), 6), 0) as total_duration,
    max(interaction_at) as last_used
from interactions
where phone_number is not null and module_name is not null
group by phone_number, module_name;
