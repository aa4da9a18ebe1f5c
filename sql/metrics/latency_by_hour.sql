-- How long a turn takes at each hour of the week.
-- Grain: one weekday (1 = Monday) and hour of the day, both in timezone. Percentiles in ms over the turns with a total.
create or replace macro latency_by_hour(
    since := timestamp '-infinity', until := timestamp 'infinity', timezone := 'UTC'
) as table
with

turns_in_range as (
    select
        local_time(turn_at, timezone) as local_at,
        total_ms
    from turns
    where turn_at >= since and turn_at < until and total_ms is not null
)

select
    isodow(local_at) as weekday,
    hour(local_at) as hour,
    count(*) as turns,
    percentile_cont(0.50) within group (order by total_ms) as p50_ms,
    percentile_cont(0.95) within group (order by total_ms) as p95_ms
from turns_in_range
group by isodow(local_at), hour(local_at)
order by weekday, hour;
