-- Each monitoring threshold of the specification against what was measured.
-- Grain: one objective, in the specification's order. measured has the objective's unit, ms or percent.
-- turns: the turns that it was measured on; for uptime and health checks, the checks.
-- status: met, breached, too few (fewer turns than could show it met), not measured.
create or replace macro objectives_report(
    since := timestamp '-infinity', until := timestamp 'infinity'
) as table
with

turns_in_range as (
    select *
    from turns
    where turn_at >= since and turn_at < until
),

latencies as (
    select
        percentile_cont(0.95) within group (order by asr_ms) as asr_latency,
        percentile_cont(0.95) within group (order by llm_ms) as llm_latency,
        percentile_cont(0.95) within group (order by tts_ms) as tts_latency,
        percentile_cont(0.95) within group (order by total_ms) as total_latency,
        count(asr_ms) as asr_turns,
        count(llm_ms) as llm_turns,
        count(tts_ms) as tts_turns,
        count(total_ms) as total_turns,
        count(*) as all_turns,
        100.0 * count(error_stage) / nullif(count(*), 0) as error_rate
    from turns_in_range
),

errors as (
    select
        stage,
        reached_turns,
        error_rate_percent
    from error_rates_by_stage(since := since, until := until)
),

checks as (
    select
        cast(sum(checks) as bigint) as checks,
        100.0 * sum(up_minutes) / nullif(sum(observed_minutes), 0) as uptime,
        100.0 * sum(healthy_checks) / nullif(sum(checks), 0) as health_checks
    from availability(since := since, until := until)
),

measurements as (
    select
        objectives.*,
        case objectives.objective
            when 'asr_latency' then latencies.asr_latency
            when 'llm_latency' then latencies.llm_latency
            when 'tts_latency' then latencies.tts_latency
            when 'total_latency' then latencies.total_latency
            when 'error_rate' then latencies.error_rate
            when 'uptime' then checks.uptime
            when 'health_checks' then checks.health_checks
            else errors.error_rate_percent
        end as measured,
        case objectives.objective
            when 'asr_latency' then latencies.asr_turns
            when 'llm_latency' then latencies.llm_turns
            when 'tts_latency' then latencies.tts_turns
            when 'total_latency' then latencies.total_turns
            when 'error_rate' then latencies.all_turns
            when 'uptime' then checks.checks
            when 'health_checks' then checks.checks
            else errors.reached_turns
        end as observations
    from objectives
    cross join latencies
    cross join checks
    left join errors on objectives.kind = 'error rate' and objectives.stage = errors.stage
)

select
    objective,
    title,
    kind,
    stage,
    comparison,
    target,
    unit,
    measured,
    coalesce(observations, 0) as turns,
    case
        when measured is null then 'not measured'
        when observations < fewest then 'too few'
        when comparison = '<' and measured < target then 'met'
        when comparison = '>' and measured > target then 'met'
        else 'breached'
    end as status
from measurements
order by position;
