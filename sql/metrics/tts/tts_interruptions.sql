-- How often callers interrupted, by the length of the answer and by the pause between sentences.
-- Grain: one value of one kind, over the spoken turns that state whether they were interrupted.
-- Parameters:
--   since, until: range in UTC, half-open.
-- Columns:
--   kind: 'all', 'chunks' (sentence_chunks), 'pause' (chunk_pause_ms) or 'tokens' (tokens_out).
--   value: chunks, 6 for more too; pause in ms; or lower end of a class of 25 tokens, 100 for more too.
--   turns: number of turns.
--   interrupted: number of interrupted turns.
--   barge_in_rate_percent: the second in percent of the first.
--   low_percent: lower end of its 95% interval (Wilson's).
--   high_percent: upper end of its interval.
--   interrupted_p50_ms: median of tts_ms of interrupted turns, in ms; an interruption shortens what is measured.
--   interrupted_p95_ms: 95th percentile of the same.
--   uninterrupted_p50_ms: median of tts_ms of the other turns, in ms.
--   uninterrupted_p95_ms: 95th percentile of the same.
create or replace macro tts_interruptions(since timestamp := null, until timestamp := null) as table
with

heard_turns as (
    select *
    from internal.spoken_turns(since := since, until := until)
    where barge_in_triggered is not null and tts_ms is not null
),

grouped_turns as (
    select
        1 as position,
        'all' as kind,
        cast(null as double) as value,
        barge_in_triggered,
        tts_ms
    from heard_turns
    union all
    select
        2 as position,
        'chunks' as kind,
        least(sentence_chunks, 6) as value,
        barge_in_triggered,
        tts_ms
    from heard_turns
    where sentence_chunks is not null
    union all
    select
        3 as position,
        'pause' as kind,
        pause as value,
        barge_in_triggered,
        tts_ms
    from heard_turns
    where pause is not null
    union all
    select
        4 as position,
        'tokens' as kind,
        least(25 * floor(tokens_out / 25), 100) as value,
        barge_in_triggered,
        tts_ms
    from heard_turns
    where tokens_out is not null
),

counts as (
    select
        position,
        kind,
        value,
        count(*) as turns,
        count(*) filter (where barge_in_triggered) as interrupted,
        percentile(case when barge_in_triggered then tts_ms end, [0.50, 0.95]) as interrupted_ms,
        percentile(case when not barge_in_triggered then tts_ms end, [0.50, 0.95]) as uninterrupted_ms
    from grouped_turns
    group by position, kind, value
)

select
    kind,
    value,
    turns,
    interrupted,
    percent_of(interrupted, turns) as barge_in_rate_percent,
    100 * wilson_low(interrupted, turns) as low_percent,
    100 * wilson_high(interrupted, turns) as high_percent,
    interrupted_ms[1] as interrupted_p50_ms,
    interrupted_ms[2] as interrupted_p95_ms,
    uninterrupted_ms[1] as uninterrupted_p50_ms,
    uninterrupted_ms[2] as uninterrupted_p95_ms
from counts
order by position, value;
