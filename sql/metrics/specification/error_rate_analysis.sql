-- The specification's error rate, over all records of a period before as_of.
-- Grain: one UTC day, the newest first.
-- Parameters:
--   as_of: instant at which the period ends, in UTC; by default now.
--   lookback: its length.
-- Columns:
--   date: UTC day.
--   error_count: number of records with an error.
--   total_count: number of records.
--   error_rate_percent: the first in percent of the second, to two decimal places.
create or replace macro error_rate_analysis(
    as_of timestamp := null, lookback interval := interval 7 days
) as table
with

counts as (
    select
        cast(timestamp as date) as day,
        count(case when error is not null and error <> '' then 1 end) as errors,
        count(*) as records
    from user_sessions
    where timestamp >= coalesce(as_of, utc_now()) - lookback and timestamp <= coalesce(as_of, utc_now())
    group by day
)

-- Rounded in whole numbers, half up, as PostgreSQL rounds the exact quotient.
select
    day as date,
    errors as error_count,
    records as total_count,
    ((20000 * errors + records) // nullif(2 * records, 0)) / 100 as error_rate_percent
from counts
order by day desc;
