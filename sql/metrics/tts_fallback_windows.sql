-- Turns that needed a fallback, in short windows of time: what bursts of fallbacks are looked for in.
-- Grain: one window of window_minutes, cut from midnight UTC, with turns that state a fallback count; the columns are
-- those of bad_turns, with a fallback for a bad turn: stage is 'tts', failed_turns those that fell back and failed.
-- bad_calls: the calls whose first fallback in the range is here, so that they add up.
create or replace macro tts_fallback_windows(
    since := timestamp '-infinity', until := timestamp 'infinity', window_minutes := 5
) as table
with

placed_turns as (
    select
        date_trunc('day', turn_at) + to_minutes(
            cast(window_minutes * floor((hour(turn_at) * 60 + minute(turn_at)) * 1.0 / window_minutes) as bigint)
        ) as window_at,
        call_id,
        tts_fallback_count > 0 as fell_back,
        coalesce(error_stage = 'tts', false) as failed
    from tts_turns(since := since, until := until)
    where tts_fallback_count is not null and isfinite(turn_at)
),

window_calls as (
    select
        window_at,
        call_id,
        count(*) as turns,
        count(*) filter (where fell_back) as bad_turns,
        count(*) filter (where fell_back and failed) as failed_turns
    from placed_turns
    group by window_at, call_id
),

first_bad_windows as (
    select
        call_id,
        min(window_at) as window_at
    from window_calls
    where bad_turns > 0 and call_id is not null
    group by call_id
)

select
    window_calls.window_at,
    'tts' as stage,
    cast(sum(window_calls.turns) as bigint) as turns,
    cast(sum(window_calls.bad_turns) as bigint) as bad_turns,
    cast(sum(window_calls.failed_turns) as bigint) as failed_turns,
    count(window_calls.call_id) as calls,
    count(first_bad_windows.call_id) as bad_calls
from window_calls
left join first_bad_windows
    on window_calls.call_id = first_bad_windows.call_id
    and window_calls.window_at = first_bad_windows.window_at
group by window_calls.window_at
order by window_calls.window_at;
