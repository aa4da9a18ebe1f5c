-- Callers in the logs that have no rollups, by call or SMS.
-- Grain: one phone number in one log, with its first and last record.
create or replace view internal.callers_from_records as
select
    phone_number,
    min(timestamp) as first_at,
    max(timestamp) as last_at,
    source_file
from internal.unrolled_records
where phone_number is not null
group by phone_number, source_file;
