-- Health checks and the time that they cover, day by day.
-- Grain: one day of timezone with a health check, or with time that one covers. An answer covers the time until the
-- next one, but counts as up for at most one and a half times the usual interval: curl writes nothing when nobody
-- answers, so a longer silence is downtime. Time before since and from until on does not count.
-- Parameters: since and until, in UTC, half-open; timezone.
-- Columns: day, checks, healthy_checks, observed_minutes, up_minutes (the service answered, healthy or not).
create or replace macro internal.health_check_days(
    since timestamp := null, until timestamp := null, timezone varchar := 'UTC'
) as table
with

-- A log that exists twice must not count twice.
answers as (
    select distinct
        checked_at,
        status
    from health_checks
    where in_range(checked_at, null, null)
),

checks as (
    select
        checked_at,
        status,
        lead(checked_at) over (order by checked_at, status) as next_at
    from answers
),

usual as (
    select percentile(epoch(next_at - checked_at), 0.5) as seconds
    from checks
    where next_at > checked_at
),

spans as (
    select
        checks.checked_at,
        checks.status,
        coalesce(checks.next_at, checks.checked_at + to_seconds(coalesce(usual.seconds, 0))) as ends_at,
        case
            when checks.status is null then checks.checked_at
            when epoch(checks.next_at - checks.checked_at) <= 1.5 * usual.seconds then checks.next_at
            else checks.checked_at + to_seconds(coalesce(usual.seconds, 0))
        end as up_until
    from checks
    cross join usual
),

-- A silence can begin before the range and last over midnights: each day gets its own part.
clipped as (
    select
        *,
        greatest(checked_at, since) as from_at,
        least(ends_at, until) as to_at
    from spans
    where (until is null or checked_at < until) and (since is null or ends_at >= since)
),

day_numbers as (
    select
        *,
        local_day(from_at, timezone) as first_day,
        unnest(range(date_diff('day', local_day(from_at, timezone), local_day(to_at, timezone)) + 1)) as day_number
    from clipped
),

days as (
    select
        *,
        cast(first_day + to_days(cast(day_number as integer)) as date) as day
    from day_numbers
),

parts as (
    select
        *,
        greatest(from_at, utc_of(day, timezone)) as part_from,
        least(to_at, utc_of(day + interval 1 day, timezone)) as part_to
    from days
),

-- In whole microseconds, whose sum does not depend on the order.
durations as (
    select
        day,
        status,
        (since is null or checked_at >= since) and part_from = checked_at as is_check,
        greatest(epoch_us(part_to) - epoch_us(part_from), 0) as observed_us,
        greatest(epoch_us(least(up_until, part_to)) - epoch_us(part_from), 0) as up_us
    from parts
    where part_from < part_to or part_from = checked_at
)

select
    day,
    count(*) filter (where is_check) as checks,
    count(*) filter (where is_check and status = 'healthy') as healthy_checks,
    sum(observed_us) / 60000000 as observed_minutes,
    sum(up_us) / 60000000 as up_minutes
from durations
group by day;
