-- Which configurations of the speech synthesis no other one beats: speed against interruptions against fallbacks.
-- Grain: one configuration with turns enough for a p95 (see objectives), the most used first. Times in ms, rates in
-- percent, each with its 95% interval (see tts_configurations). is_unbeaten: no other is at least as good in p95,
-- barge-in rate and fallback rate, and better in one: the Pareto front. A rate that is not known is not compared.
create or replace macro tts_trade_off(
    since := timestamp '-infinity',
    until := timestamp 'infinity',
    settings := 'provider,voice,rate,pitch,style,encoding,pause'
) as table
with

judged as (
    select *
    from tts_configurations(since := since, until := until, settings := settings)
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
    judged.configuration,
    judged.turns,
    judged.p95_ms,
    judged.p95_low_ms,
    judged.p95_high_ms,
    judged.barge_in_rate_percent,
    judged.barge_in_low_percent,
    judged.barge_in_high_percent,
    judged.fallback_rate_percent,
    judged.fallback_low_percent,
    judged.fallback_high_percent,
    beaten.configuration is null as is_unbeaten
from judged
left join beaten on judged.configuration = beaten.configuration
order by judged.configuration;
