-- When each caller was active, by call or SMS, in quarters of an hour.
-- Grain: one caller and quarter of an hour that begins in the range, with records; records without a phone number
-- together. first_at: the first record in it; turns: how many of its records are turns. No zone's day or week begins
-- within a quarter of an hour, and there are far fewer of them than records to be placed in one. Rows in no order:
-- other metrics ask for all of them.
create or replace macro caller_quarters(
    since := timestamp '-infinity', until := timestamp 'infinity'
) as table
with

records as (
    select
        phone_number,
        timestamp,
        time_bucket(interval 15 minutes, timestamp) as quarter_at,
        interaction_type
    from user_sessions
    where timestamp >= since and timestamp < until + interval 15 minutes
)

select
    phone_number,
    quarter_at,
    min(timestamp) as first_at,
    count(*) as records,
    count(*) filter (where interaction_type = 'turn_metrics') as turns
from records
where quarter_at >= since and quarter_at < until
group by phone_number, quarter_at;
