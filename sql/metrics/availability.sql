-- Uptime and health-check success, day by day, from the log of /healthz answers.
-- Grain: one day, cut in timezone. Up: the service answered, healthy or not. An answer speaks for the
-- time until the next one, but no longer than one and a half times the usual interval: curl writes
-- nothing when nobody answers, so a longer silence counts as downtime.
create or replace macro availability(
    since := timestamp '-infinity', until := timestamp 'infinity', timezone := 'UTC'
) as table
with

-- A log that lies there twice must not count twice.
answers as (
    select distinct
        checked_at,
        status
    from health_checks
    where checked_at is not null
),

checks as (
    select
        checked_at,
        status,
        lead(checked_at) over (order by checked_at, status) as next_at
    from answers
),

usual as (
    select percentile_cont(0.5) within group (order by epoch(next_at - checked_at)) as seconds
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

-- A silence can begin before the range and can last over midnights: each day gets its own part.
clipped as (
    select
        *,
        greatest(checked_at, since) as from_at,
        least(ends_at, until) as to_at,
        checked_at >= since as in_range
    from spans
    where checked_at < until and ends_at >= since
),

days as (
    select
        *,
        cast(
            unnest(
                generate_series(
                    date_trunc('day', local_time(from_at, timezone)),
                    date_trunc('day', local_time(to_at, timezone)),
                    interval 1 day
                )
            ) as date
        ) as day
    from clipped
),

parts as (
    select
        *,
        greatest(from_at, cast(day as timestamp) at time zone timezone at time zone 'UTC') as part_from,
        least(to_at, cast(day + 1 as timestamp) at time zone timezone at time zone 'UTC') as part_to
    from days
),

minutes as (
    select
        day,
        status,
        in_range and part_from = checked_at as is_check,
        greatest(epoch(part_to - part_from), 0) / 60 as observed,
        greatest(epoch(least(up_until, part_to) - part_from), 0) / 60 as up
    from parts
    where part_from < part_to or part_from = checked_at
),

-- Added up in one order, whatever the number of threads.
sums as (
    select
        day,
        count(*) filter (where is_check) as checks,
        count(*) filter (where is_check and status = 'healthy') as healthy_checks,
        sum(observed order by observed) as observed_minutes,
        sum(up order by up) as up_minutes
    from minutes
    group by day
)

select
    day,
    checks,
    healthy_checks,
    observed_minutes,
    up_minutes,
    100.0 * up_minutes / nullif(observed_minutes, 0) as uptime_percent,
    100.0 * healthy_checks / nullif(checks, 0) as health_check_success_percent
from sums
order by day;
