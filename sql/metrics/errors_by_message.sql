-- The error messages of turns, the most frequent first.
-- Grain: one message and stage; what could tell who called is folded (see folded_message).
create or replace macro errors_by_message(
    since := timestamp '-infinity', until := timestamp 'infinity'
) as table
with

failed_turns as (
    select
        *,
        folded_message(error) as message
    from turns
    where error_stage is not null and turn_at >= since and turn_at < until
)

select
    message,
    error_stage as stage,
    count(*) as turns,
    count(distinct call_id) as calls,
    min(turn_at) as first_seen,
    max(turn_at) as last_seen
from failed_turns
group by message, error_stage
order by turns desc, message asc, stage asc;
