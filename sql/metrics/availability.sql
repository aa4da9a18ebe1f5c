-- Uptime and health-check success, day by day, from the log of /healthz answers.
-- Grain: one day, cut in timezone. Up: the service answered, healthy or not. An answer speaks for the
-- time until the next one, but no longer than one and a half times the usual interval: curl writes
-- nothing when nobody answers, so a longer silence counts as downtime.
create or replace macro availability(
    since := timestamp '-infinity', until := timestamp 'infinity', timezone := 'UTC'
) as table
with

checks as (
    select
        checked_at,
        status,
        lead(checked_at) over (order by checked_at) as next_at
    from health_checks
    where checked_at is not null
),

usual as (
    select percentile_cont(0.5) within group (order by epoch(next_at - checked_at)) as seconds
    from checks
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

-- A silence can begin before the range: what of it lies inside still counts.
clipped as (
    select
        *,
        cast(greatest(checked_at, since) at time zone 'UTC' at time zone timezone as date) as day,
        greatest(epoch(least(ends_at, until) - greatest(checked_at, since)), 0) / 60 as observed,
        greatest(epoch(least(up_until, until) - greatest(checked_at, since)), 0) / 60 as up,
        checked_at >= since as in_range
    from spans
    where checked_at < until and ends_at > since
)

select
    day,
    count(*) filter (where in_range) as checks,
    count(*) filter (where in_range and status = 'healthy') as healthy_checks,
    sum(observed) as observed_minutes,
    sum(up) as up_minutes,
    100.0 * sum(up) / nullif(sum(observed), 0) as uptime_percent,
    100.0 * count(*) filter (where in_range and status = 'healthy')
    / nullif(count(*) filter (where in_range), 0) as health_check_success_percent
from clipped
group by day
order by day;
