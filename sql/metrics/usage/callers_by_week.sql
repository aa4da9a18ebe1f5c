-- How many people called, week by week.
-- Grain: one ISO week of timezone with records.
-- Parameters:
--   until: weeks that end after this instant (UTC) don't count; by default the week of the last record is the last.
--   weeks: number of weeks back from there.
--   timezone: time zone in which weeks are cut.
-- Columns:
--   week_start: Monday of the week.
--   callers: number of callers with a record, by call or SMS.
--   new_callers: callers whose first record in the logs is in the week.
--   returning_callers: the other callers.
--   calls: number of calls that started.
--   turns_per_call: turns of the week over its calls.
create or replace macro callers_by_week(
    until timestamp := null, weeks integer := 8, timezone varchar := 'UTC'
) as table
with

weeks_in_range as (
    select * from internal.last_weeks(until := until, weeks := weeks, timezone := timezone)
),

-- A constant range around the weeks, a day too long, lets DuckDB skip files outside it.
quarters as (
    select *
    from internal.activity_by_log
    where in_range(quarter_at, until - to_days(7 * weeks + 8), until)
),

caller_weeks as (
    select
        quarters.phone_number,
        weeks_in_range.week_start,
        min(quarters.first_at) as first_at,
        sum(quarters.turns) as turns
    from quarters
    inner join weeks_in_range
        on quarters.quarter_at >= weeks_in_range.starts_at and quarters.quarter_at < weeks_in_range.ends_at
    group by quarters.phone_number, weeks_in_range.week_start
),

caller_counts as (
    select
        caller_weeks.week_start,
        count(caller_weeks.phone_number) as callers,
        count(caller_weeks.phone_number) filter (where caller_weeks.first_at = callers.first_at) as new_callers,
        sum(caller_weeks.turns) as turns
    from caller_weeks
    left join callers on caller_weeks.phone_number = callers.phone_number
    group by caller_weeks.week_start
),

started_calls as (
    select started_at
    from calls
    where in_range(started_at, until - to_days(7 * weeks + 8), until)
),

call_counts as (
    select
        weeks_in_range.week_start,
        count(*) as calls
    from started_calls
    inner join weeks_in_range
        on started_calls.started_at >= weeks_in_range.starts_at and started_calls.started_at < weeks_in_range.ends_at
    group by weeks_in_range.week_start
)

select
    caller_counts.week_start,
    caller_counts.callers,
    caller_counts.new_callers,
    caller_counts.callers - caller_counts.new_callers as returning_callers,
    coalesce(call_counts.calls, 0) as calls,
    caller_counts.turns / nullif(call_counts.calls, 0) as turns_per_call
from caller_counts
left join call_counts on caller_counts.week_start = call_counts.week_start
order by caller_counts.week_start;
