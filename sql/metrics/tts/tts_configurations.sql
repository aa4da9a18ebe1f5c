-- How each configuration of the speech synthesis did: speed, fallbacks, interruptions and errors.
-- Grain: one configuration, the most used first. Rates are over the turns that state them. Intervals are 95%: order
-- statistics for percentiles, Wilson's for rates; a little too narrow, since turns of one call resemble each other.
-- Parameters:
--   since, until: range in UTC, half-open.
--   by: the settings that count, comma-separated; the others are NULL.
-- Columns:
--   configuration: number of the configuration; 1 is the most used.
--   provider: service that spoke the answer.
--   voice: voice model.
--   rate: speech rate; 1 is normal.
--   pitch: pitch adjustment, as logged.
--   style: style setting.
--   encoding: output audio format.
--   pause: pause between sentence chunks, in ms.
--   turns: number of turns.
--   calls: number of calls.
--   first_used: instant of the first turn, UTC.
--   last_used: instant of the last turn, UTC.
--   turns_with_speech: turns with a tts_ms, which the percentiles are of.
--   p50_ms: median of tts_ms, in ms.
--   p50_low_ms: lower end of its interval.
--   p50_high_ms: upper end of its interval.
--   p95_ms: 95th percentile of tts_ms, in ms.
--   p95_low_ms: lower end of its interval.
--   p95_high_ms: upper end of its interval.
--   p95_total_ms: 95th percentile of total_ms, in ms.
--   fallback_rate_percent: turns with a fallback, in percent.
--   fallback_low_percent: lower end of its interval.
--   fallback_high_percent: upper end of its interval.
--   barge_in_rate_percent: turns that the caller interrupted, in percent.
--   barge_in_low_percent: lower end of its interval.
--   barge_in_high_percent: upper end of its interval.
--   error_rate_percent: turns that failed in the stage 'tts', in percent.
--   error_low_percent: lower end of its interval.
--   error_high_percent: upper end of its interval.
--   transcoded_percent: turns whose audio took any time to convert, in percent.
--   avg_sentence_chunks: mean number of sentence chunks.
--   status: of p95_ms against the target 'tts_latency', as in objectives_report.
--   is_unbeaten: whether no other configuration is at least as good in p95_ms, barge_in_rate_percent and
--     fallback_rate_percent, and better in one (the Pareto front); an unknown rate is not compared. NULL when p95_ms
--     has too few turns to be judged.
create or replace macro tts_configurations(
    since timestamp := null,
    until timestamp := null,
    "by" varchar := 'provider,voice,rate,pitch,style,encoding,pause'
) as table
with

groups as (
    select
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
        percentile(tts_ms, [0.50, 0.95]) as percentiles,
        percentile(total_ms, 0.95) as p95_total_ms,
        list_sort(list(tts_ms) filter (where tts_ms is not null)) as times,
        count(*) filter (where error_stage = 'tts') as errors,
        count(*) filter (where tts_fallback_count > 0) as fallbacks,
        count(tts_fallback_count) as turns_with_fallback_count,
        count(*) filter (where barge_in_triggered) as interruptions,
        count(barge_in_triggered) as turns_with_barge_in,
        count(*) filter (where audio_transcode_ms > 0) as transcoded,
        count(audio_transcode_ms) as turns_with_transcoding,
        rounded(avg(sentence_chunks), 6) as avg_sentence_chunks
    from internal.spoken_turns(since := since, until := until, "by" := "by")
    group by provider, voice, rate, pitch, style, encoding, pause
),

configurations as (
    select
        *,
        row_number() over (
            order by turns desc, provider asc, voice asc, rate asc, pitch asc, style asc, encoding asc, pause asc
        ) as configuration
    from groups
),

median_ranks as (
    select * from internal.order_statistic_ranks((select list(turns_with_speech) from groups), 0.50)
),

p95_ranks as (
    select * from internal.order_statistic_ranks((select list(turns_with_speech) from groups), 0.95)
),

intervals as (
    select
        configurations.*, -- noqa: AM04
        configurations.percentiles[1] as p50_ms,
        configurations.percentiles[2] as p95_ms,
        try_element_at(configurations.times, median_ranks.low_rank) as p50_low_ms,
        try_element_at(configurations.times, median_ranks.high_rank) as p50_high_ms,
        try_element_at(configurations.times, p95_ranks.low_rank) as p95_low_ms,
        try_element_at(configurations.times, p95_ranks.high_rank) as p95_high_ms
    from configurations
    left join median_ranks on configurations.turns_with_speech = median_ranks.trials
    left join p95_ranks on configurations.turns_with_speech = p95_ranks.trials
),

rates as (
    select
        intervals.*, -- noqa: AM04
        percent_of(intervals.fallbacks, intervals.turns_with_fallback_count) as fallback_rate_percent,
        percent_of(intervals.interruptions, intervals.turns_with_barge_in) as barge_in_rate_percent,
        objective_status(
            intervals.p95_ms,
            intervals.p95_low_ms,
            intervals.p95_high_ms,
            intervals.turns_with_speech,
            objectives.min_observations,
            objectives.comparison,
            objectives.target
        ) as status
    from intervals
    cross join objectives
    where objectives.objective = 'tts_latency'
),

judged as (
    select *
    from rates
    where status not in ('too few', 'not measured')
),

beaten as (
    select distinct one.configuration
    from judged as one
    cross join judged as other
    where
        one.p95_ms >= other.p95_ms
        and coalesce(one.barge_in_rate_percent >= other.barge_in_rate_percent, true)
        and coalesce(one.fallback_rate_percent >= other.fallback_rate_percent, true)
        and (
            one.p95_ms > other.p95_ms
            or coalesce(one.barge_in_rate_percent > other.barge_in_rate_percent, false)
            or coalesce(one.fallback_rate_percent > other.fallback_rate_percent, false)
        )
)

select
    rates.configuration,
    rates.provider,
    rates.voice,
    rates.rate,
    rates.pitch,
    rates.style,
    rates.encoding,
    rates.pause,
    rates.turns,
    rates.calls,
    rates.first_used,
    rates.last_used,
    rates.turns_with_speech,
    rates.p50_ms,
    rates.p50_low_ms,
    rates.p50_high_ms,
    rates.p95_ms,
    rates.p95_low_ms,
    rates.p95_high_ms,
    rates.p95_total_ms,
    rates.fallback_rate_percent,
    100 * wilson_low(rates.fallbacks, rates.turns_with_fallback_count) as fallback_low_percent,
    100 * wilson_high(rates.fallbacks, rates.turns_with_fallback_count) as fallback_high_percent,
    rates.barge_in_rate_percent,
    100 * wilson_low(rates.interruptions, rates.turns_with_barge_in) as barge_in_low_percent,
    100 * wilson_high(rates.interruptions, rates.turns_with_barge_in) as barge_in_high_percent,
    percent_of(rates.errors, rates.turns) as error_rate_percent,
    100 * wilson_low(rates.errors, rates.turns) as error_low_percent,
    100 * wilson_high(rates.errors, rates.turns) as error_high_percent,
    percent_of(rates.transcoded, rates.turns_with_transcoding) as transcoded_percent,
    rates.avg_sentence_chunks,
    rates.status,
    case when rates.status not in ('too few', 'not measured') then beaten.configuration is null end as is_unbeaten
from rates
left join beaten on rates.configuration = beaten.configuration
order by rates.configuration;
