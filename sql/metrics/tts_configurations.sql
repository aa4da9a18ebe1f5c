-- How each configuration of the speech synthesis fared: its speed, its fallbacks, interruptions and errors.
-- Grain: one configuration, the most used first (see tts_turns). Times in ms, rates in percent of the turns that say.
-- low and high are the ends of 95% intervals: order statistics for p50 and p95, Wilson's for rates. Turns of one call
-- resemble each other, so these are a little too narrow. turns_with_speech: those with a tts_ms, which p50 and p95
-- are of. transcoded_percent: of the turns that say how long transcoding took, those in which it took any time.
-- status: of the p95 against the target of the TTS latency, as in objectives_report.
-- Means are rounded: their last digits would differ with the order in which threads add up.
create or replace macro tts_configurations(
    since := timestamp '-infinity',
    until := timestamp 'infinity',
    settings := 'provider,voice,rate,pitch,style,encoding,pause'
) as table
with

counts as (
    select
        configuration,
        provider,
        voice,
        rate,
        pitch,
        style,
        encoding,
        pause,
        count(*) as turns,
        count(distinct call_id) as calls,
        min(turn_at) as first_used,
        max(turn_at) as last_used,
        count(tts_ms) as turns_with_speech,
        percentile_cont(0.50) within group (order by tts_ms) as p50_ms,
        percentile_cont(0.95) within group (order by tts_ms) as p95_ms,
        list_sort(list(tts_ms) filter (where tts_ms is not null)) as times,
        percentile_cont(0.95) within group (order by total_ms) as p95_total_ms,
        count(*) filter (where error_stage = 'tts') as errors,
        count(*) filter (where tts_fallback_count > 0) as fallbacks,
        count(tts_fallback_count) as turns_with_fallback_count,
        count(*) filter (where barge_in_triggered) as interruptions,
        count(barge_in_triggered) as turns_with_barge_in,
        count(*) filter (where audio_transcode_ms > 0) as transcoded,
        count(audio_transcode_ms) as turns_with_transcoding,
        round(avg(sentence_chunks), 6) as avg_sentence_chunks
    from tts_turns(since := since, until := until, settings := settings)
    group by configuration, provider, voice, rate, pitch, style, encoding, pause
),

measured_configurations as (
    select
        counts.*,
        quantile_low(counts.times, counts.turns_with_speech, 0.50) as p50_low_ms,
        quantile_high(counts.times, counts.turns_with_speech, 0.50) as p50_high_ms,
        quantile_low(counts.times, counts.turns_with_speech, 0.95) as p95_low_ms,
        quantile_high(counts.times, counts.turns_with_speech, 0.95) as p95_high_ms,
        objectives.target,
        objectives.min_observations
    from counts
    cross join objectives
    where objectives.objective = 'tts_latency'
)

select
    configuration,
    provider,
    voice,
    rate,
    pitch,
    style,
    encoding,
    pause,
    turns,
    calls,
    first_used,
    last_used,
    turns_with_speech,
    p50_ms,
    p50_low_ms,
    p50_high_ms,
    p95_ms,
    p95_low_ms,
    p95_high_ms,
    p95_total_ms,
    100.0 * fallbacks / nullif(turns_with_fallback_count, 0) as fallback_rate_percent,
    100 * wilson_low(fallbacks, turns_with_fallback_count) as fallback_low_percent,
    100 * wilson_high(fallbacks, turns_with_fallback_count) as fallback_high_percent,
    100.0 * interruptions / nullif(turns_with_barge_in, 0) as barge_in_rate_percent,
    100 * wilson_low(interruptions, turns_with_barge_in) as barge_in_low_percent,
    100 * wilson_high(interruptions, turns_with_barge_in) as barge_in_high_percent,
    100.0 * errors / turns as error_rate_percent,
    100 * wilson_low(errors, turns) as error_low_percent,
    100 * wilson_high(errors, turns) as error_high_percent,
    100.0 * transcoded / nullif(turns_with_transcoding, 0) as transcoded_percent,
    avg_sentence_chunks,
    case
        when p95_ms is null then 'not measured'
        when turns_with_speech < min_observations or p95_low_ms is null or p95_high_ms is null then 'too few'
        when p95_high_ms < target then 'met'
        when p95_low_ms >= target then 'breached'
        else 'inconclusive'
    end as status
from measured_configurations
order by configuration;
