-- The error messages of turns, the most frequent first.
-- Grain: one message and stage; what could tell who called is folded (see folded_message).
-- is_new: no turn of the lookback before since has the message, at any stage; NULL when no turn at all stands there.
create or replace macro errors_by_message(
    since := timestamp '-infinity', until := timestamp 'infinity', lookback := interval 28 days
) as table
with

-- The turns without an error are the group without a message: one look at the turns tells whether there were any.
turns_in_reach as (
    select
        turn_at,
        call_id,
        error_stage,
        turn_at < since as is_before,
        case when error_stage is not null then folded_message(error) end as message
    from turns
    where turn_at >= since - lookback and turn_at < until
),

counts as (
    select
        message,
        error_stage,
        count(*) filter (where not is_before) as turns,
        count(distinct case when error_stage is not null and not is_before then call_id end) as calls,
        min(case when not is_before then turn_at end) as first_seen,
        max(case when not is_before then turn_at end) as last_seen,
        count(*) filter (where is_before) as turns_before
    from turns_in_reach
    group by message, error_stage
),

compared as (
    select
        *,
        sum(turns_before) over (partition by message) as message_before,
        sum(turns_before) over () as all_before
    from counts
)

select
    message,
    error_stage as stage,
    turns,
    calls,
    first_seen,
    last_seen,
    case when all_before > 0 then message_before = 0 end as is_new
from compared
where error_stage is not null and turns > 0
order by turns desc, message asc, stage asc;
