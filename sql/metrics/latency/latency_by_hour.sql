-- How long a turn takes at each hour of the week.
-- Grain: one weekday and hour, over the turns with a total.
-- Parameters:
--   since, until: range in UTC, half-open.
--   timezone: time zone of weekday and hour.
-- Columns:
--   weekday: 1 is Monday.
--   hour: 0 to 23.
--   turns: number of turns.
--   p50_ms: median of total_ms, in ms.
--   p95_ms: 95th percentile of total_ms, in ms.
create or replace macro latency_by_hour(
    since timestamp := null, until timestamp := null, timezone varchar := 'UTC'
) as table
with

turns_in_range as (
    select
        quarter_of(turn_at) as quarter_at,
        total_ms
    from internal.turn_timings
    where total_ms is not null and in_range(turn_at, since, until)
),

-- The local time of each quarter of an hour, not of each turn: time zones are slow.
distinct_quarters as (
    select distinct quarter_at
    from turns_in_range
),

quarters as (
    select
        quarter_at,
        local_time(quarter_at, timezone) as local_at
    from distinct_quarters
),

placed_turns as (
    select
        iso_weekday(quarters.local_at) as weekday,
        hour(quarters.local_at) as hour,
        turns_in_range.total_ms
    from turns_in_range
    inner join quarters on turns_in_range.quarter_at = quarters.quarter_at
)

select
    weekday,
    hour,
    count(*) as turns,
    percentile(total_ms, 0.50) as p50_ms,
    percentile(total_ms, 0.95) as p95_ms
from placed_turns
group by weekday, hour
order by weekday, hour;
