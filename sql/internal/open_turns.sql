-- Turns whose learning module can depend on other logs than their own.
-- Grain: one turn_metrics record. A turn is settled when no other log has a record within module_reach_s of it.
create or replace view internal.open_turns as
select * -- noqa: AM04
from internal.turns_by_log
where
    not coalesce(
        epoch(turn_at) - module_reach_s > epoch(others_until)
        and epoch(turn_at) + module_reach_s < epoch(others_since),
        false
    );
