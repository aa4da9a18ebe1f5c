-- The voice auditions against what callers heard of the same voice, rate, pitch and style.
-- Grain: one voice, rate, pitch and style that has samples. made: those with the status success; failed: all others.
-- sample_ms and sample_bytes: the median length and size of those made. turns to barge_in_rate_percent: what callers
-- heard of it in the range, over all providers, encodings and pauses; turns is 0 where nobody heard it. Times in ms.
create or replace macro tts_auditions(
    since := timestamp '-infinity', until := timestamp 'infinity'
) as table
with

judged_samples as (
    select
        *,
        coalesce(lower(trim(status)) = 'success', false) as is_made
    from voice_auditions
),

samples as (
    select
        voice,
        rate,
        pitch,
        style,
        count(*) filter (where is_made) as made,
        count(*) filter (where not is_made) as failed,
        median(case when is_made then duration_ms end) as sample_ms,
        median(case when is_made then file_size_bytes end) as sample_bytes
    from judged_samples
    group by voice, rate, pitch, style
),

heard as (
    select
        voice,
        rate,
        pitch,
        style,
        count(*) as turns,
        percentile_cont(0.50) within group (order by tts_ms) as p50_ms,
        percentile_cont(0.95) within group (order by tts_ms) as p95_ms,
        100.0
        * count(*) filter (where barge_in_triggered)
        / nullif(count(barge_in_triggered), 0) as barge_in_rate_percent
    from tts_turns(since := since, until := until)
    group by voice, rate, pitch, style
)

select
    samples.voice,
    samples.rate,
    samples.pitch,
    samples.style,
    samples.made,
    samples.failed,
    samples.sample_ms,
    samples.sample_bytes,
    coalesce(heard.turns, 0) as turns,
    heard.p50_ms,
    heard.p95_ms,
    heard.barge_in_rate_percent
from samples
left join heard
    on samples.voice is not distinct from heard.voice
    and samples.rate is not distinct from heard.rate
    and samples.pitch is not distinct from heard.pitch
    and samples.style is not distinct from heard.style
order by turns desc, samples.voice asc, samples.rate asc, samples.pitch asc, samples.style asc;
