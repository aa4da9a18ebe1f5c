-- How many of the callers who first called in one week came back in each week after it.
-- Grain: one cohort and one week, from its own on. A cohort is the callers whose first record in the logs, by call or
-- SMS, is in the week; weeks without new callers have none. A week in which none came back has 0 active callers.
-- Parameters:
--   until: weeks that end after this instant (UTC) don't count; by default the week of the last record is the last.
--   weeks: number of weeks back from there.
--   timezone: time zone in which weeks are cut.
-- Columns:
--   cohort_week: Monday of the cohort's week.
--   week_start: Monday of the week.
--   weeks_later: number of weeks between the two; 0 is the cohort's own.
--   cohort_callers: number of callers in the cohort.
--   active_callers: those with a record in the week.
--   active_percent: the second in percent of the first.
create or replace macro caller_cohorts(
    until timestamp := null, weeks integer := 8, timezone varchar := 'UTC'
) as table
with

weeks_in_range as (
    select * from internal.last_weeks(until := until, weeks := weeks, timezone := timezone)
),

-- A constant range around the weeks, a day too long, lets DuckDB skip files outside it.
quarters as (
    select
        phone_number,
        quarter_at
    from internal.activity_by_log
    where phone_number is not null and in_range(quarter_at, until - to_days(7 * weeks + 8), until)
),

caller_weeks as (
    select distinct
        quarters.phone_number,
        weeks_in_range.week_start
    from quarters
    inner join weeks_in_range
        on quarters.quarter_at >= weeks_in_range.starts_at and quarters.quarter_at < weeks_in_range.ends_at
),

cohorts_by_caller as (
    select
        callers.phone_number,
        weeks_in_range.week_start as cohort_week
    from callers
    inner join weeks_in_range
        on callers.first_at >= weeks_in_range.starts_at and callers.first_at < weeks_in_range.ends_at
),

active as (
    select
        cohorts_by_caller.cohort_week,
        caller_weeks.week_start,
        count(*) as active_callers
    from caller_weeks
    inner join cohorts_by_caller on caller_weeks.phone_number = cohorts_by_caller.phone_number
    group by cohorts_by_caller.cohort_week, caller_weeks.week_start
)

select
    cohorts.cohort_week,
    weeks_in_range.week_start,
    date_diff('day', cohorts.cohort_week, weeks_in_range.week_start) // 7 as weeks_later,
    cohorts.active_callers as cohort_callers,
    coalesce(active.active_callers, 0) as active_callers,
    percent_of(coalesce(active.active_callers, 0), cohorts.active_callers) as active_percent
from active as cohorts
inner join weeks_in_range on cohorts.cohort_week <= weeks_in_range.week_start
left join active on cohorts.cohort_week = active.cohort_week and weeks_in_range.week_start = active.week_start
where cohorts.cohort_week = cohorts.week_start
order by cohorts.cohort_week, weeks_in_range.week_start;
