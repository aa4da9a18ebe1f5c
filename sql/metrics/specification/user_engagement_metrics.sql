-- The specification's most active callers of a period before as_of.
-- Grain: one caller, the most interactions first; callers with equally many by phone number.
-- Parameters:
--   as_of: instant at which the period ends, in UTC; by default now.
--   lookback: its length.
--   max_rows: number of callers at most.
-- Columns:
--   phone_number: caller.
--   total_sessions: number of sessions.
--   total_interactions: number of records.
--   avg_session_duration: mean of session_duration, in seconds, over the records with a finite one.
--   last_activity: instant of the last record, UTC.
create or replace macro user_engagement_metrics(
    as_of timestamp := null, lookback interval := interval 30 days, max_rows integer := 10
) as table
with

records as (
    select
        phone_number,
        session_id,
        timestamp,
        case when abs(session_duration) < cast('infinity' as double) then session_duration end as session_duration
    from user_sessions
    where timestamp >= coalesce(as_of, utc_now()) - lookback and timestamp <= coalesce(as_of, utc_now())
)

select
    phone_number,
    count(distinct session_id) as total_sessions,
    count(*) as total_interactions,
    avg(session_duration) as avg_session_duration,
    max(timestamp) as last_activity
from records
group by phone_number
order by total_interactions desc, phone_number asc
limit max_rows;
