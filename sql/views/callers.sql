-- The callers, by call or SMS, of all times.
-- Grain: one phone number. First and last record in the logs.
-- It reads log_records, so that it knows all times even where hold keeps some of them only.
create or replace view callers as
select
    phone_number,
    min(timestamp) as first_at,
    max(timestamp) as last_at
from log_records
where phone_number is not null
group by phone_number;
