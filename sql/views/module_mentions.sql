-- Where callers told which learning module they were in: the interactions that name one, of all times.
-- Grain: one interaction.
-- It reads log_records, so that it knows all times even where hold keeps some of them only.
create or replace view module_mentions as
select
    coalesce(call_id, session_id) as call_key,
    phone_number,
    timestamp,
    module_name
from log_records
where interaction_type is distinct from 'turn_metrics' and module_name is not null;
