-- How often callers broke in, by the length of what was said and by the pause between sentences.
-- Grain: one value of one kind; kind: 'all', 'chunks' (sentence_chunks, 6 stands for more too), 'pause'
-- (chunk_pause_ms), 'tokens' (tokens_out, the lower end of a class of 25; 100 stands for more too).
-- Rates in percent of the spoken turns that say whether they were interrupted, with Wilson's 95% interval.
-- p50 and p95 of tts_ms in ms, of interrupted and of uninterrupted turns apart: breaking off shortens what is measured.
create or replace macro tts_interruptions(
    since := timestamp '-infinity', until := timestamp 'infinity'
) as table
with

heard_turns as (
    select *
    from tts_turns(since := since, until := until)
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
)

select
    kind,
    value,
    count(*) as turns,
    count(*) filter (where barge_in_triggered) as interrupted,
    100.0 * count(*) filter (where barge_in_triggered) / count(*) as barge_in_rate_percent,
    100 * wilson_low(count(*) filter (where barge_in_triggered), count(*)) as low_percent,
    100 * wilson_high(count(*) filter (where barge_in_triggered), count(*)) as high_percent,
    percentile_cont(0.50) within group (order by case when barge_in_triggered then tts_ms end) as interrupted_p50_ms,
    percentile_cont(0.95) within group (order by case when barge_in_triggered then tts_ms end) as interrupted_p95_ms,
    percentile_cont(0.50) within group (order by case when not barge_in_triggered then tts_ms end)
        as uninterrupted_p50_ms,
    percentile_cont(0.95) within group (order by case when not barge_in_triggered then tts_ms end)
        as uninterrupted_p95_ms
from grouped_turns
group by position, kind, value
order by position, value;
