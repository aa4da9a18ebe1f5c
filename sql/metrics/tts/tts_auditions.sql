-- The voice auditions against what callers heard of the same voice, rate, pitch and style.
-- Grain: one voice, rate, pitch and style with samples.
-- Parameters:
--   since, until: range in UTC, half-open, of what callers heard.
-- Columns:
--   voice: voice model.
--   rate: speech rate; 1 is normal.
--   pitch: pitch adjustment.
--   style: style setting.
--   made: number of samples with the status success.
--   failed: number of other samples.
--   sample_ms: median length of the samples made, in ms.
--   sample_bytes: median size of the samples made, in bytes.
--   turns: number of turns that callers heard, over all providers, encodings and pauses.
--   p50_ms: median of their tts_ms, in ms.
--   p95_ms: 95th percentile of their tts_ms, in ms.
--   barge_in_rate_percent: interrupted turns, in percent of those that state it.
create or replace macro tts_auditions(since timestamp := null, until timestamp := null) as table
with

judged_samples as (
    select
        *,
        coalesce(lower_ascii(stripped(status)) = 'success', false) as is_made
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
        percentile(case when is_made then duration_ms end, 0.5) as sample_ms,
        percentile(case when is_made then file_size_bytes end, 0.5) as sample_bytes
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
        percentile(tts_ms, 0.50) as p50_ms,
        percentile(tts_ms, 0.95) as p95_ms,
        percent_of(count(*) filter (where barge_in_triggered), count(barge_in_triggered)) as barge_in_rate_percent
    from internal.spoken_turns(since := since, until := until)
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
