-- Turns whose learning module can depend on other logs than their own.
-- Grain: one turn_metrics record. A turn is settled when its own log has the nearest mention of its call and no other
-- log has a record less than four hours away.
create or replace view internal.open_turns as
select *
from internal.turns_by_log
where not coalesce(module_source = 'call' and turn_at >= closed_since and turn_at <= closed_until, false);
