-- Uptime and health-check success day by day, and whether the service answered when it was used.
-- Grain: one day with health checks or turns. An answer of /healthz covers the time until the next one, and counts as
-- up for at most one and a half times the usual interval between answers: a longer silence is downtime.
-- Parameters:
--   since, until: range in UTC, half-open.
--   timezone: time zone in which days are cut.
-- Columns:
--   day: date.
--   checks: number of health checks; 0 when none was logged.
--   healthy_checks: number of those with the status healthy.
--   observed_minutes: time that checks cover, in minutes.
--   up_minutes: time of that in which the service answered, healthy or not, in minutes.
--   uptime_percent: up in percent of observed; NULL without checks.
--   health_check_success_percent: healthy in percent of checks; NULL without checks.
--   windows: number of five-minute windows with a turn.
--   windows_with_success: those with a turn without an error. Nothing is known of windows without turns.
create or replace macro availability(
    since timestamp := null, until timestamp := null, timezone varchar := 'UTC'
) as table
with

check_days as (
    select * from internal.health_check_days(since := since, until := until, timezone := timezone)
),

windows as (
    select
        time_bucket(interval 5 minutes, turn_at) as window_at,
        count(*) filter (where error_stage is null) as successful_turns
    from internal.turn_timings
    where in_range(turn_at, since, until)
    group by window_at
),

window_days as (
    select
        local_day(window_at, timezone) as day,
        count(*) as windows,
        count(*) filter (where successful_turns > 0) as windows_with_success
    from windows
    group by local_day(window_at, timezone)
)

select
    coalesce(check_days.day, window_days.day) as day,
    coalesce(check_days.checks, 0) as checks,
    coalesce(check_days.healthy_checks, 0) as healthy_checks,
    coalesce(check_days.observed_minutes, 0) as observed_minutes,
    coalesce(check_days.up_minutes, 0) as up_minutes,
    percent_of(check_days.up_minutes, check_days.observed_minutes) as uptime_percent,
    percent_of(check_days.healthy_checks, check_days.checks) as health_check_success_percent,
    coalesce(window_days.windows, 0) as windows,
    coalesce(window_days.windows_with_success, 0) as windows_with_success
from check_days
full join window_days on check_days.day = window_days.day
order by day;
