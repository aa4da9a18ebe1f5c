-- How many called, week by week.
-- Grain: one ISO week of timezone, week_start its Monday: of the last weeks that end at or before until, those with
-- records; without until, up to the week of the last record. Callers by any record, calls and SMS alike; new_callers:
-- those whose first record in the logs lies in the week. Calls by their start, turns by their own instant.
create or replace macro callers_by_week(
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
    select
        placed_quarters.phone_number,
        weeks_of_quarters.week_start,
        min(placed_quarters.first_at) as first_at,
        sum(placed_quarters.turns) as turns
    from placed_quarters
    inner join weeks_of_quarters on placed_quarters.quarter_at = weeks_of_quarters.quarter_at
    group by placed_quarters.phone_number, weeks_of_quarters.week_start
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
    select
        time_bucket(interval 15 minutes, calls.started_at) as quarter_at,
        count(*) as calls
    from calls
    inner join span on calls.started_at >= span.from_at and calls.started_at < span.to_at
    group by quarter_at
),

call_counts as (
    select
        cast(date_trunc('week', local_time(quarter_at, timezone)) as date) as week_start,
        cast(sum(calls) as bigint) as calls
    from started_calls
    group by week_start
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
