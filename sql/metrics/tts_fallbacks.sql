-- How often speech needed a fallback, by the provider and voice that it was meant for, and what that cost.
-- Grain: one provider and voice, the most fallbacks first. The log names who spoke in the end; meant for is what the
-- call's other turns had, those without a fallback, most often; else who spoke. turns: those that state a fallback
-- count; fallbacks: those with one or more attempts; attempts: all of them; by_another: the fallbacks that another
-- provider or voice spoke. Rate in percent of turns, with Wilson's 95% interval. Times: the median tts_ms of turns with
-- and without a fallback, in ms; cost_ms: the difference, NULL without both.
create or replace macro tts_fallbacks(
    since := timestamp '-infinity', until := timestamp 'infinity'
) as table
with

counted_turns as (
    select *
    from tts_turns(since := since, until := until)
    where tts_fallback_count is not null
),

call_voices as (
    select
        call_id,
        provider,
        voice
    from counted_turns
    where tts_fallback_count = 0 and call_id is not null
    group by call_id, provider, voice
    qualify row_number() over (partition by call_id order by count(*) desc, provider asc, voice asc) = 1
),

meant_turns as (
    select
        coalesce(call_voices.provider, counted_turns.provider) as provider,
        case
            when call_voices.call_id is null then counted_turns.voice
            else call_voices.voice
        end as voice,
        counted_turns.provider as spoken_provider,
        counted_turns.voice as spoken_voice,
        counted_turns.tts_fallback_count,
        counted_turns.tts_ms
    from counted_turns
    left join call_voices on counted_turns.call_id = call_voices.call_id
),

counts as (
    select
        provider,
        voice,
        count(*) as turns,
        count(*) filter (where tts_fallback_count > 0) as fallbacks,
        cast(sum(tts_fallback_count) as bigint) as attempts,
        count(*) filter (
            where tts_fallback_count > 0
            and (spoken_provider is distinct from provider or spoken_voice is distinct from voice)
        ) as by_another,
        percentile_cont(0.50) within group (order by case when tts_fallback_count > 0 then tts_ms end)
            as fallback_p50_ms,
        percentile_cont(0.50) within group (order by case when tts_fallback_count = 0 then tts_ms end)
            as other_p50_ms
    from meant_turns
    group by provider, voice
)

select
    provider,
    voice,
    turns,
    fallbacks,
    attempts,
    by_another,
    100.0 * fallbacks / turns as fallback_rate_percent,
    100 * wilson_low(fallbacks, turns) as low_percent,
    100 * wilson_high(fallbacks, turns) as high_percent,
    fallback_p50_ms,
    other_p50_ms,
    fallback_p50_ms - other_p50_ms as cost_ms
from counts
order by fallbacks desc, turns desc, provider asc, voice asc;
