-- Whether the service answered whenever it was used, in one row: what is known of it without health checks.
-- Grain: the whole range. windows: five-minute windows, from the full hour on, with any turn; windows_with_success:
-- those with a turn without an error. It says nothing of the time when nobody called, nor of calls without a turn.
create or replace macro busy_windows(
    since := timestamp '-infinity', until := timestamp 'infinity'
) as table
with

windows as (
    select
        floor(epoch(turn_at) / 300) as five_minutes,
        count(*) filter (where error_stage is null) as successful_turns
    from turns
    where turn_at >= since and turn_at < until and isfinite(turn_at)
    group by five_minutes
)

select
    count(*) as windows,
    count(*) filter (where successful_turns > 0) as windows_with_success,
    100.0 * count(*) filter (where successful_turns > 0) / nullif(count(*), 0) as success_percent
from windows;
