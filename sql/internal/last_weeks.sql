-- The last weeks that end at or before until; without until, up to the week of the last record.
-- Grain: one ISO week of timezone, by its Monday, with the instants in UTC at which it begins and ends.
-- Parameters: until, an instant in UTC; weeks, how many; timezone.
create or replace macro internal.last_weeks(
    until timestamp := null, weeks integer := 8, timezone varchar := 'UTC'
) as table
with

ends as (
    select
        coalesce(
            local_week(until, timezone), cast(local_week(last_at, timezone) + interval 7 days as date)
        ) as end_day
    from ingest_totals
),

numbers as (
    select
        end_day,
        unnest(range(1, weeks + 1)) as weeks_before
    from ends
    where end_day is not null
),

mondays as (
    select cast(end_day - to_days(cast(7 * weeks_before as integer)) as date) as week_start
    from numbers
)

select
    week_start,
    utc_of(week_start, timezone) as starts_at,
    utc_of(week_start + interval 7 days, timezone) as ends_at
from mondays;
