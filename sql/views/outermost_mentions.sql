-- The first and the last time that a caller told which learning module they were in.
-- Grain: one interaction, at most two of a caller. No other one can be the nearest to a turn before, or after, all
-- that these logs tell. What has no instant stands behind everything.
create or replace view outermost_mentions as
with

numbered as (
    select
        *,
        row_number() over (
            partition by phone_number order by timestamp nulls last, module_name
        ) as number_from_first,
        row_number() over (
            partition by phone_number order by timestamp desc nulls last, module_name desc
        ) as number_from_last
    from module_mentions
    where phone_number is not null
)

select
    phone_number,
    timestamp,
    module_name
from numbered
where number_from_first = 1 or number_from_last = 1;
