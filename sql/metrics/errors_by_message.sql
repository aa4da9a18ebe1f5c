-- The error messages of turns, the most frequent first.
-- Grain: one message and stage; what could tell who called is folded (see normalized_error).
-- is_new: no turn of the lookback before since has the message, at any stage; NULL when no turn at all stands there.
create or replace macro errors_by_message(
    since := timestamp '-infinity', until := timestamp 'infinity', lookback := interval 28 days
) as table
with

failures as (
    select
        call_id,
        turn_at,
        error_stage,
        normalized_error(error) as message,
        turn_at < since as is_before
    from turns
    where turn_at >= since - lookback and turn_at < until and error_stage is not null
),

before as (
    select count(*) > 0 as has_turns
    from turns
    where turn_at >= since - lookback and turn_at < since
),

counts as (
    select
        message,
        error_stage,
        count(*) filter (where not is_before) as turns,
        count(distinct call_id) filter (where not is_before) as calls,
        min(turn_at) filter (where not is_before) as first_seen,
        max(turn_at) filter (where not is_before) as last_seen,
        count(*) filter (where is_before) as turns_before
    from failures
    group by message, error_stage
),

compared as (
    select
        *,
        sum(turns_before) over (partition by message) as message_before
    from counts
)

select
    compared.message,
    compared.error_stage as stage,
    compared.turns,
    compared.calls,
    compared.first_seen,
    compared.last_seen,
    case when before.has_turns then compared.message_before = 0 end as is_new
from compared
cross join before
where compared.turns > 0
order by compared.turns desc, compared.message asc, stage asc;
