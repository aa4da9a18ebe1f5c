-- When callers were active, in the logs that have no rollups.
-- Grain: one caller, quarter of an hour and log; records without a phone number together. No time zone's day or week
-- begins within a quarter of an hour, so days and weeks of any zone are sums of them.
create or replace view internal.activity_from_records as
select
    phone_number,
    quarter_of(timestamp) as quarter_at,
    min(timestamp) as first_at,
    count(*) as records,
    count(*) filter (where interaction_type = 'turn_metrics') as turns,
    source_file
from internal.unrolled_records
where timestamp is not null
group by phone_number, quarter_of(timestamp), source_file;
