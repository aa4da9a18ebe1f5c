-- Stretches without any record, of whole hours in which there usually are some.
-- Grain: one gap, in whole hours of UTC. An hour of the day is usual when records stand in it on at least three of
-- four days. hours is the length of the gap, usual_hours how many of them are usual: at least fewest_usual_hours,
-- since a single quiet hour is no gap.
create or replace macro gaps(
    since := timestamp '-infinity', until := timestamp 'infinity', fewest_usual_hours := 2
) as table
with

busy_hours as (
    select distinct date_trunc('hour', timestamp) as started_at
    from user_sessions
    where timestamp >= since and timestamp < until and isfinite(timestamp)
),

all_hours as (
    select unnest(generate_series(min(started_at), max(started_at), interval 1 hour)) as started_at
    from busy_hours
),

usual_hours_of_the_day as (
    select hour(busy_hours.started_at) as hour_of_the_day
    from busy_hours
    group by hour_of_the_day
    having count(*) * 4 >= 3 * (select count(distinct cast(all_hours.started_at as date)) from all_hours)
),

empty_hours as (
    select
        all_hours.started_at,
        usual_hours_of_the_day.hour_of_the_day is not null as is_usual,
        epoch(all_hours.started_at) / 3600 - row_number() over (order by all_hours.started_at) as run
    from all_hours
    left join busy_hours on all_hours.started_at = busy_hours.started_at
    left join usual_hours_of_the_day on hour(all_hours.started_at) = usual_hours_of_the_day.hour_of_the_day
    where busy_hours.started_at is null
),

gaps_of_any_kind as (
    select
        min(started_at) as started_at,
        max(started_at) + interval 1 hour as ended_at,
        count(*) as hours,
        count(*) filter (where is_usual) as usual_hours
    from empty_hours
    group by run
)

select *
from gaps_of_any_kind
where usual_hours >= fewest_usual_hours
order by started_at;
