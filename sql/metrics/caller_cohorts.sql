-- How many of the callers who came first in one week came back in each week after it.
-- Grain: one cohort and one week from its own on; both ISO weeks of timezone, by their Monday. A cohort are the callers
-- whose first record in the logs, call or SMS, lies in the week; only cohorts of the last weeks that end at or before
-- until (without until: up to the week of the last record). weeks_later counts from 0, the cohort's own week, in which
-- all are active. A week in which nobody of them came has a row with 0.
create or replace macro caller_cohorts(
    until := timestamp 'infinity', weeks := 8, timezone := 'UTC'
) as table
with

ends as (
    select
        case
            when isfinite(cast(until as timestamp))
                then date_trunc('week', local_time(until, timezone))
            else date_trunc('week', local_time(last_at, timezone)) + interval 7 days
        end as local_end
    from ingest_totals
),

span as (
    select
        (local_end - weeks * interval 7 days) at time zone timezone at time zone 'UTC' as from_at,
        local_end at time zone timezone at time zone 'UTC' as to_at
    from ends
),

-- The span in words that let files outside it stay closed, and a day or more too long.
quarters as (
    select *
    from caller_quarters(
        since := case
            when isfinite(cast(until as timestamp)) then cast(until as timestamp) - to_days(cast(7 * weeks + 8 as int))
            else timestamp '-infinity'
        end,
        until := until
    )
    where phone_number is not null
),

placed_quarters as (
    select quarters.*
    from quarters
    inner join span on quarters.quarter_at >= span.from_at and quarters.quarter_at < span.to_at
),

distinct_quarters as (
    select distinct quarter_at
    from placed_quarters
),

weeks_of_quarters as (
    select
        quarter_at,
        cast(date_trunc('week', local_time(quarter_at, timezone)) as date) as week_start
    from distinct_quarters
),

caller_weeks as (
    select distinct
        placed_quarters.phone_number,
        weeks_of_quarters.week_start
    from placed_quarters
    inner join weeks_of_quarters on placed_quarters.quarter_at = weeks_of_quarters.quarter_at
),

newcomers as (
    select
        callers.phone_number,
        callers.first_at
    from callers
    inner join span on callers.first_at >= span.from_at
),

cohorts_by_caller as (
    select
        phone_number,
        cast(date_trunc('week', local_time(first_at, timezone)) as date) as cohort_week
    from newcomers
),

active as (
    select
        cohorts_by_caller.cohort_week,
        caller_weeks.week_start,
        count(*) as active_callers
    from caller_weeks
    inner join cohorts_by_caller on caller_weeks.phone_number = cohorts_by_caller.phone_number
    group by cohorts_by_caller.cohort_week, caller_weeks.week_start
),

all_weeks as (
    select
        cast(
            unnest(generate_series(local_end - weeks * interval 7 days, local_end - interval 7 days, interval 7 days))
            as date
        ) as week_start
    from ends
)

select
    cohorts.cohort_week,
    all_weeks.week_start,
    date_diff('day', cohorts.cohort_week, all_weeks.week_start) // 7 as weeks_later,
    cohorts.active_callers as cohort_callers,
    coalesce(active.active_callers, 0) as active_callers,
    100.0 * coalesce(active.active_callers, 0) / cohorts.active_callers as active_percent
from active as cohorts
inner join all_weeks on cohorts.cohort_week <= all_weeks.week_start
left join active on cohorts.cohort_week = active.cohort_week and all_weeks.week_start = active.week_start
where cohorts.cohort_week = cohorts.week_start
order by cohorts.cohort_week, all_weeks.week_start;
