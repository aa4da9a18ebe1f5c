-- How much the service was used, in one row.
-- Grain: the whole range. Calls by their start, as in calls_per_day. Callers by any record, calls and
-- SMS alike; new_callers: those whose first record in the logs lies in the range, returning_callers: the others.
-- Days cut in timezone.
create or replace macro activity(
    since := timestamp '-infinity', until := timestamp 'infinity', timezone := 'UTC'
) as table
with

-- By quarters of an hour, of which there are far fewer than records; records before the first whole one in the range
-- are looked at themselves.
callers_in_range as (
    select phone_number
    from caller_quarters(since := since, until := until)
    where first_at < until and phone_number is not null

    union

    select phone_number
    from user_sessions
    where
        time_bucket(interval 15 minutes, cast(since as timestamp)) < since
        and timestamp >= since
        and timestamp < time_bucket(interval 15 minutes, cast(since as timestamp)) + interval 15 minutes
        and timestamp < until
        and phone_number is not null
),

first_records as (
    select callers.first_at
    from callers_in_range
    inner join callers on callers_in_range.phone_number = callers.phone_number
),

caller_counts as (
    select
        count(*) as callers,
        count(*) filter (where first_at >= since) as new_callers
    from first_records
),

quarter_turns as (
    select
        time_bucket(interval 15 minutes, turn_at) as quarter_at,
        count(*) as turns,
        count(error_stage) as turns_with_error
    from turns
    where turn_at >= since and turn_at < until
    group by quarter_at
),

turn_counts as (
    select
        cast(coalesce(sum(turns), 0) as bigint) as turns,
        count(distinct cast(local_time(quarter_at, timezone) as date)) as days_with_turns,
        cast(coalesce(sum(turns_with_error), 0) as bigint) as turns_with_error,
        100.0 * sum(turns_with_error) / nullif(sum(turns), 0) as error_rate_percent
    from quarter_turns
),

call_counts as (
    select count(*) as calls
    from calls
    where started_at >= since and started_at < until
)

select
    turn_counts.turns,
    turn_counts.days_with_turns,
    call_counts.calls,
    caller_counts.callers,
    caller_counts.new_callers,
    turn_counts.turns_with_error,
    turn_counts.error_rate_percent,
    caller_counts.callers - caller_counts.new_callers as returning_callers,
    turn_counts.turns / nullif(call_counts.calls, 0) as turns_per_call,
    call_counts.calls / nullif(caller_counts.callers, 0) as calls_per_caller
from turn_counts
cross join call_counts
cross join caller_counts;
