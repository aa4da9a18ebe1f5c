-- The error messages of turns, the most frequent first.
-- Grain: one message and stage. Messages are normalized: what differs from turn to turn or could identify the caller is
-- replaced.
-- Parameters:
--   since, until: range in UTC, half-open.
--   lookback: period before since in which a message must be absent to be new.
-- Columns:
--   message: normalized message.
--   stage: 'asr', 'llm', 'tts' or 'unknown'.
--   turns: number of turns with it.
--   calls: number of calls with it.
--   first_seen: instant of the first of these turns, UTC.
--   last_seen: instant of the last of these turns, UTC.
--   is_new: whether no turn of the lookback has the message, at any stage; NULL when the lookback has no turns.
create or replace macro errors_by_message(
    since timestamp := null, until timestamp := null, lookback interval := interval 28 days
) as table
with

failures as (
    select
        call_id,
        turn_at,
        error_stage,
        error,
        coalesce(turn_at < since, false) as is_before
    from internal.turn_timings
    where error_stage is not null and in_range(turn_at, since - lookback, until)
),

-- Each text once: regular expressions are slow.
messages as (
    select
        error,
        normalized_error(error) as message
    from failures
    group by error
),

before as (
    select count(*) > 0 as has_turns
    from internal.turn_timings
    where since is not null and in_range(turn_at, since - lookback, since)
),

counts as (
    select
        messages.message,
        failures.error_stage,
        count(*) filter (where not failures.is_before) as turns,
        count(distinct case when not failures.is_before then failures.call_id end) as calls,
        min(case when not failures.is_before then failures.turn_at end) as first_seen,
        max(case when not failures.is_before then failures.turn_at end) as last_seen,
        count(*) filter (where failures.is_before) as turns_before
    from failures
    inner join messages on failures.error = messages.error
    group by messages.message, failures.error_stage
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
