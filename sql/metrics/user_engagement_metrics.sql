-- The specification's most active callers of a time before as_of.
-- Grain: one caller, the most interactions first; callers with as many stand by phone number.
-- avg_session_duration in seconds, over the records that state one, and a finite one.
create or replace macro user_engagement_metrics(
    as_of := cast(null as timestamp), lookback := interval 30 days, max_rows := 10
) as table
with

records as (
    select *
    from user_sessions
    where
        timestamp >= coalesce(as_of, timezone('UTC', now())) - lookback
        and timestamp <= coalesce(as_of, timezone('UTC', now()))
)

select
    phone_number,
    count(distinct session_id) as total_sessions,
    count(*) as total_interactions,
    avg(session_duration) filter (where isfinite(session_duration)) as avg_session_duration,
    max(timestamp) as last_activity
from records
group by phone_number
order by total_interactions desc, phone_number asc
limit max_rows;
