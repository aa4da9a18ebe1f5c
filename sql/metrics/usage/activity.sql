-- How much the service was used, in one row.
-- Grain: the whole range.
-- Parameters:
--   since, until: range in UTC, half-open.
--   timezone: time zone in which days are cut.
-- Columns:
--   turns: number of turns.
--   days_with_turns: number of days with turns.
--   calls: number of calls that started.
--   callers: number of callers with a record, by call or SMS.
--   new_callers: callers whose first record in the logs is in the range.
--   turns_with_error: number of turns with an error.
--   error_rate_percent: in percent of the turns.
--   returning_callers: the other callers.
--   turns_per_call: turns over calls.
--   calls_per_caller: calls over callers.
create or replace macro activity(
    since timestamp := null, until timestamp := null, timezone varchar := 'UTC'
) as table
with

-- By quarters of an hour, of which there are far fewer than records. The quarter in which the range begins can have
-- records before it, so its records count one by one.
callers_in_range as (
    select phone_number
    from internal.activity_by_log
    where
        phone_number is not null
        and in_range(quarter_at, since, until)
        and (until is null or first_at < until)

    union

    select phone_number
    from user_sessions
    where
        phone_number is not null
        and quarter_of(since) < since
        and in_range(timestamp, since, quarter_of(since) + interval 15 minutes)
        and (until is null or timestamp < until)
),

first_records as (
    select callers.first_at
    from callers_in_range
    inner join callers on callers_in_range.phone_number = callers.phone_number
),

caller_counts as (
    select
        count(*) as callers,
        count(*) filter (where since is null or first_at >= since) as new_callers
    from first_records
),

quarter_turns as (
    select
        quarter_of(turn_at) as quarter_at,
        count(*) as turns,
        count(error_stage) as turns_with_error
    from internal.turn_timings
    where in_range(turn_at, since, until)
    group by quarter_of(turn_at)
),

turn_counts as (
    select
        cast(coalesce(sum(turns), 0) as bigint) as turns,
        count(distinct local_day(quarter_at, timezone)) as days_with_turns,
        cast(coalesce(sum(turns_with_error), 0) as bigint) as turns_with_error
    from quarter_turns
),

call_counts as (
    select count(*) as calls
    from calls
    where in_range(started_at, since, until)
)

select
    turn_counts.turns,
    turn_counts.days_with_turns,
    call_counts.calls,
    caller_counts.callers,
    caller_counts.new_callers,
    turn_counts.turns_with_error,
    percent_of(turn_counts.turns_with_error, turn_counts.turns) as error_rate_percent,
    caller_counts.callers - caller_counts.new_callers as returning_callers,
    turn_counts.turns / nullif(call_counts.calls, 0) as turns_per_call,
    call_counts.calls / nullif(caller_counts.callers, 0) as calls_per_caller
from turn_counts
cross join call_counts
cross join caller_counts;
