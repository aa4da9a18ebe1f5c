-- Interactions that name a learning module, of the logs that have no rollups.
-- Grain: one interaction. mention_day is a join key: it lets DuckDB skip the rollups of other days.
create or replace view internal.mentions_from_records as
select
    coalesce(call_id, session_id) as call_id,
    phone_number,
    timestamp as mentioned_at,
    module_name,
    cast(timestamp as date) as mention_day,
    source_file
from internal.unrolled_records
where interaction_type is distinct from 'turn_metrics' and module_name is not null and timestamp is not null;
