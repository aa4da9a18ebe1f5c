-- How often speech needed a fallback, by the provider and voice that were meant to speak, and what that cost.
-- Grain: one provider and voice, the most fallbacks first. The log names who spoke in the end. Meant is who most often
-- spoke the call's other turns, those without a fallback; without such turns, who spoke.
-- Parameters:
--   since, until: range in UTC, half-open.
-- Columns:
--   provider: service that was meant to speak.
--   voice: voice that was meant to speak.
--   turns: number of turns that state a fallback count.
--   fallbacks: those with one attempt or more.
--   attempts: number of attempts.
--   by_another: fallbacks that another provider or voice spoke.
--   fallback_rate_percent: fallbacks in percent of turns.
--   low_percent: lower end of its 95% interval (Wilson's).
--   high_percent: upper end of its interval.
--   fallback_p50_ms: median of tts_ms of turns with a fallback, in ms.
--   other_p50_ms: median of tts_ms of the other turns, in ms.
--   cost_ms: the difference, in ms; NULL without either.
create or replace macro tts_fallbacks(since timestamp := null, until timestamp := null) as table
with

counted_turns as (
    select *
    from internal.spoken_turns(since := since, until := until)
    where tts_fallback_count is not null
),

numbered_voices as (
    select
        call_id,
        provider,
        voice,
        row_number() over (partition by call_id order by count(*) desc, provider asc, voice asc) as place
    from counted_turns
    where tts_fallback_count = 0 and call_id is not null
    group by call_id, provider, voice
),

call_voices as (
    select
        call_id,
        provider,
        voice
    from numbered_voices
    where place = 1
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
        percentile(case when tts_fallback_count > 0 then tts_ms end, 0.50) as fallback_p50_ms,
        percentile(case when tts_fallback_count = 0 then tts_ms end, 0.50) as other_p50_ms
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
    percent_of(fallbacks, turns) as fallback_rate_percent,
    100 * wilson_low(fallbacks, turns) as low_percent,
    100 * wilson_high(fallbacks, turns) as high_percent,
    fallback_p50_ms,
    other_p50_ms,
    fallback_p50_ms - other_p50_ms as cost_ms
from counts
order by fallbacks desc, turns desc, provider asc, voice asc;
