-- The specification's error rate over all records of a time before as_of.
-- Grain: one UTC day, the newest first. Percent of the day's records that carry an error.
create or replace macro error_rate_analysis(
    as_of := cast(null as timestamp), lookback := interval 7 days
) as table
with

counts as (
    select
        cast(timestamp as date) as day,
        count(case when error is not null and error <> '' then 1 end) as errors,
        count(*) as records
    from user_sessions
    where
        timestamp >= coalesce(as_of, timezone('UTC', now())) - lookback
        and timestamp <= coalesce(as_of, timezone('UTC', now()))
    group by day
)

-- Rounded in whole numbers, half up, as PostgreSQL rounds the exact quotient.
select
    day as date,
    errors as error_count,
    records as total_count,
    ((20000 * errors + records) // (2 * records)) / 100 as error_rate_percent
from counts
order by day desc;
