-- Stretches of whole hours without any record, in which there usually are some.
-- Grain: one gap, in whole hours of UTC. An hour of the day is usual when at least three of four days with records have
-- some in it. A silence at an end of the range counts up to that end when the logs go on beyond it.
-- Parameters:
--   since, until: range in UTC, half-open.
--   min_usual_hours: number of usual hours from which a silence is a gap: a single quiet hour is none.
-- Columns:
--   started_at: start of the gap, UTC.
--   ended_at: end of the gap, UTC.
--   hours: length of the gap, in hours.
--   usual_hours: number of usual hours in it.
create or replace macro gaps(
    since timestamp := null, until timestamp := null, min_usual_hours integer := 2
) as table
with

busy_hours as (
    select distinct date_trunc('hour', timestamp) as started_at
    from user_sessions
    where in_range(timestamp, since, until)
),

busy_days as (
    select count(distinct cast(started_at as date)) as days
    from busy_hours
),

busy_hours_of_the_day as (
    select
        hour(started_at) as hour_of_the_day,
        count(*) as days
    from busy_hours
    group by hour(started_at)
),

usual_hours_of_the_day as (
    select busy_hours_of_the_day.hour_of_the_day
    from busy_hours_of_the_day
    inner join busy_days on busy_hours_of_the_day.days * 4 >= busy_days.days * 3
),

-- When the logs go on beyond an end of the range, the hour just outside it counts as busy.
hours_and_ends as (
    select started_at
    from busy_hours

    union

    select date_trunc('hour', since - interval 1 microsecond) as started_at
    from ingest_totals
    where since is not null and first_at < since

    union

    select date_trunc('hour', until) as started_at
    from ingest_totals
    where until is not null and last_at >= until
),

silences as (
    select
        started_at + interval 1 hour as started_at,
        lead(started_at) over (order by started_at) as ended_at
    from hours_and_ends
),

silent_hours as (
    select
        started_at,
        ended_at,
        cast(epoch(started_at) / 3600 as bigint) as first_hour,
        cast(epoch(ended_at) / 3600 as bigint) as end_hour
    from silences
    where ended_at > started_at
),

gaps_of_any_kind as (
    select
        silent_hours.started_at,
        silent_hours.ended_at,
        silent_hours.end_hour - silent_hours.first_hour as hours,
        cast(
            sum(
                ceil((silent_hours.end_hour - usual_hours_of_the_day.hour_of_the_day) / 24)
                - ceil((silent_hours.first_hour - usual_hours_of_the_day.hour_of_the_day) / 24)
            ) as bigint
        ) as usual_hours
    from silent_hours
    cross join usual_hours_of_the_day
    group by silent_hours.started_at, silent_hours.ended_at, silent_hours.end_hour, silent_hours.first_hour
)

select
    started_at,
    ended_at,
    hours,
    usual_hours
from gaps_of_any_kind
where usual_hours >= min_usual_hours
order by started_at;
