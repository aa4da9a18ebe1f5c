-- Each monitoring threshold of the specification against what was measured, with a verdict.
-- Grain: one objective, in the specification's order. measured, low and high have the objective's unit, ms or
-- percent; low and high are the ends of the 95% interval. For a p95 they are order statistics, at the ranks that the
-- binomial distribution gives (Conover 1999, section 3.2); for a share, Wilson's; for uptime, Wilson's with as many
-- trials as there are checks. turns: the turns that it was measured on; for uptime and health checks, the checks.
-- burn_rate: the share of bad ones over the share that the target allows (see objective_measurements).
-- status: met or breached (the whole interval lies on one side of the target), can't say (it holds the target),
-- too few (fewer turns than could show it met), not measured.
create or replace macro objectives_report(
    since := timestamp '-infinity', until := timestamp 'infinity'
) as table
with

measurements as (
    select * from objective_measurements(since := since, until := until, each := 'all')
),

turns_in_range as (
    select
        asr_ms,
        llm_ms,
        tts_ms,
        total_ms
    from turns
    where turn_at >= since and turn_at < until
),

sorted_times (stage, times) as (
    select 'asr', list_sort(list(asr_ms) filter (where asr_ms is not null)) from turns_in_range
    union all
    select 'llm', list_sort(list(llm_ms) filter (where llm_ms is not null)) from turns_in_range
    union all
    select 'tts', list_sort(list(tts_ms) filter (where tts_ms is not null)) from turns_in_range
    union all
    select 'total', list_sort(list(total_ms) filter (where total_ms is not null)) from turns_in_range
),

order_statistics as (
    select
        stage,
        quantile_low(times, 0.95) as low,
        quantile_high(times, 0.95) as high
    from sorted_times
),

shares as (
    select
        objective,
        100 * wilson_low(bad / total * turns, turns) as low_percent,
        100 * wilson_high(bad / total * turns, turns) as high_percent
    from measurements
),

intervals as (
    select
        objectives.objective,
        case
            when objectives.kind = 'latency' then order_statistics.low
            when objectives.comparison = '<' then shares.low_percent
            else 100 - shares.high_percent
        end as low,
        case
            when objectives.kind = 'latency' then order_statistics.high
            when objectives.comparison = '<' then shares.high_percent
            else 100 - shares.low_percent
        end as high
    from objectives
    left join order_statistics on objectives.kind = 'latency' and objectives.stage = order_statistics.stage
    left join shares on objectives.objective = shares.objective
),

judged as (
    select
        objectives.*,
        measurements.measured,
        intervals.low,
        intervals.high,
        coalesce(measurements.turns, 0) as turns,
        measurements.bad,
        measurements.total,
        measurements.allowed_share,
        measurements.bad / measurements.total / nullif(measurements.allowed_share, 0) as burn_rate
    from objectives
    left join measurements on objectives.objective = measurements.objective
    left join intervals on objectives.objective = intervals.objective
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
    low,
    high,
    turns,
    bad,
    total,
    allowed_share,
    burn_rate,
    case
        when measured is null then 'not measured'
        when turns < fewest or low is null then 'too few'
        when comparison = '<' and high < target or comparison = '>' and low > target then 'met'
        when comparison = '<' and low >= target or comparison = '>' and high <= target then 'breached'
        else 'can''t say'
    end as status
from judged
order by position;
