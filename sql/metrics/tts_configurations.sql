-- How each way of speaking fared: its speed, its fallbacks and interruptions.
-- Grain: one configuration, the most used first. Times in ms, rates in percent of its turns.
-- The mean time of transcoding is rounded: its last digits would differ with the order in which threads add up.
create or replace macro tts_configurations(
    since := timestamp '-infinity', until := timestamp 'infinity'
) as table
select
    tts_provider,
    tts_voice,
    tts_rate,
    tts_pitch,
    tts_style,
    audio_encoding,
    chunk_pause_ms,
    count(*) as turns,
    count(distinct call_id) as calls,
    min(turn_at) as first_used,
    max(turn_at) as last_used,
    percentile_cont(0.50) within group (order by tts_ms) as p50_ms,
    percentile_cont(0.95) within group (order by tts_ms) as p95_ms,
    100.0 * count(*) filter (where error_stage = 'tts') / count(*) as error_rate_percent,
    100.0
    * count(*) filter (where tts_fallback_count > 0)
    / nullif(count(tts_fallback_count), 0) as fallback_rate_percent,
    100.0 * count(*) filter (where barge_in_triggered) / nullif(count(barge_in_triggered), 0) as barge_in_rate_percent,
    round(avg(audio_transcode_ms), 6) as avg_transcode_ms,
    avg(sentence_chunks) as avg_sentence_chunks
from turns
where tts_provider is not null and turn_at >= since and turn_at < until
group by all
order by
    turns desc,
    tts_provider asc,
    tts_voice asc,
    tts_rate asc,
    tts_pitch asc,
    tts_style asc,
    audio_encoding asc,
    chunk_pause_ms asc;
