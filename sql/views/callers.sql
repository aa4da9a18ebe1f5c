-- The callers, by call or SMS.
-- Grain: one phone number.
-- Columns:
--   phone_number: the caller.
--   first_at: instant of the first record in the logs, UTC.
--   last_at: instant of the last record in the logs, UTC.
create or replace view callers as
select
    phone_number,
    min(first_at) as first_at,
    max(last_at) as last_at
from internal.callers_by_log
group by phone_number;
