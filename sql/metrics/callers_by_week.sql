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
                then date_trunc('week', cast(until as timestamp) at time zone 'UTC' at time zone timezone)
            else date_trunc('week', last_at at time zone 'UTC' at time zone timezone) + interval 7 days
        end as local_end
    from ingest_totals
),

span as (
    select
        (local_end - weeks * interval 7 days) at time zone timezone at time zone 'UTC' as from_at,
        local_end at time zone timezone at time zone 'UTC' as to_at
    from ends
),

-- NULL is the week of all records before the span.
placed_records as (
    select
        user_sessions.phone_number,
        user_sessions.timestamp,
        user_sessions.interaction_type,
        case when user_sessions.timestamp >= span.from_at then user_sessions.timestamp end as placed_at
    from user_sessions
    inner join span on user_sessions.timestamp < span.to_at
),

caller_weeks as (
    select
        phone_number,
        cast(date_trunc('week', placed_at at time zone 'UTC' at time zone timezone) as date) as week_start,
        min(timestamp) as first_at,
        count(*) filter (where interaction_type = 'turn_metrics') as turns
    from placed_records
    group by phone_number, week_start
),

compared as (
    select
        *,
        first_at = min(first_at) over (partition by phone_number) as is_first
    from caller_weeks
),

caller_counts as (
    select
        week_start,
        count(phone_number) as callers,
        count(phone_number) filter (where is_first) as new_callers,
        sum(turns) as turns
    from compared
    where week_start is not null
    group by week_start
),

started_calls as (
    select calls.started_at
    from calls
    inner join span on calls.started_at >= span.from_at and calls.started_at < span.to_at
),

call_counts as (
    select
        cast(date_trunc('week', started_at at time zone 'UTC' at time zone timezone) as date) as week_start,
        count(*) as calls
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
