-- Stretches without any record, of whole hours in which there usually are some.
-- Grain: one gap, in whole hours of UTC. An hour of the day is usual when records stand in it on at least three of
-- four days that have any. hours is the length of the gap, usual_hours how many of them are usual: at least
-- min_usual_hours, since a single quiet hour is no gap. A silence at an end of the range counts up to that end
-- where the logs go on beyond it; before their first record and after their last nobody knows.
create or replace macro gaps(
    since := timestamp '-infinity', until := timestamp 'infinity', min_usual_hours := 2
) as table
with

busy_hours as (
    select distinct date_trunc('hour', timestamp) as started_at
    from user_sessions
    where timestamp >= since and timestamp < until and isfinite(timestamp)
),

usual_hours_of_the_day as (
    select hour(started_at) as hour_of_the_day
    from busy_hours
    group by hour_of_the_day
    having count(*) * 4 >= 3 * (select count(distinct cast(busy.started_at as date)) from busy_hours as busy)
),

-- Where the logs go on beyond an end of the range, the hour just outside it stands for their records there.
hours_and_ends as (
    select started_at
    from busy_hours

    union

    select date_trunc('hour', cast(since as timestamp) - interval 1 microsecond) as started_at
    from ingest_totals
    where isfinite(cast(since as timestamp)) and first_at < since

    union

    select date_trunc('hour', cast(until as timestamp)) as started_at
    from ingest_totals
    where isfinite(cast(until as timestamp)) and last_at >= until
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
                ceil((silent_hours.end_hour - usual_hours_of_the_day.hour_of_the_day) / 24.0)
                - ceil((silent_hours.first_hour - usual_hours_of_the_day.hour_of_the_day) / 24.0)
            ) as bigint
        ) as usual_hours
    from silent_hours
    cross join usual_hours_of_the_day
    group by silent_hours.started_at, silent_hours.ended_at, silent_hours.end_hour, silent_hours.first_hour
)

select *
from gaps_of_any_kind
where usual_hours >= min_usual_hours
order by started_at;
