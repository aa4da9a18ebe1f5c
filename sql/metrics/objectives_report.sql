-- Each monitoring threshold of the specification against what was measured, with a verdict.
-- Grain: one objective, in the specification's order. measured, low and high have the objective's unit, ms or
-- percent; low and high are the ends of the 95% interval. For a p95 they are order statistics, at the ranks that the
-- binomial distribution gives (Conover 1999, section 3.2); for a share, Wilson's; for uptime, Wilson's with as many
-- trials as there are checks. turns: the turns that it was measured on; for uptime and health checks, the checks.
-- burn_rate: the share of bad ones over the share that the target allows (see objective_measurements).
-- status: met or breached (the whole interval lies on one side of the target), inconclusive (it contains the target),
-- too few (fewer turns than could show it met), not measured.
create or replace macro objectives_report(
    since := timestamp '-infinity', until := timestamp 'infinity'
) as table
with

measurements as (
    select * from objective_measurements(since := since, until := until, each := 'all')
),

turns_in_range as not materialized (
    select
        asr_ms,
        llm_ms,
        tts_ms,
        total_ms
    from turns
    where turn_at >= since and turn_at < until
),

thresholds as (
    select
        percentile_cont(array[0.80, 0.94]) within group (order by asr_ms) as asr,
        percentile_cont(array[0.80, 0.94]) within group (order by llm_ms) as llm,
        percentile_cont(array[0.80, 0.94]) within group (order by tts_ms) as tts,
        percentile_cont(array[0.80, 0.94]) within group (order by total_ms) as total,
        count(asr_ms) as asr_turns,
        count(llm_ms) as llm_turns,
        count(tts_ms) as tts_turns,
        count(total_ms) as total_turns
    from turns_in_range
),

-- An interval of the p95 lies above the p80: with so few turns that it did not, its upper end would be missing. Of
-- 10,000 turns and more it lies above the p94, four standard deviations below.
lower_ends as (
    select
        asr_turns,
        llm_turns,
        tts_turns,
        total_turns,
        asr[case when asr_turns < 10000 then 1 else 2 end] as asr,
        llm[case when llm_turns < 10000 then 1 else 2 end] as llm,
        tts[case when tts_turns < 10000 then 1 else 2 end] as tts,
        total[case when total_turns < 10000 then 1 else 2 end] as total
    from thresholds
),

largest_times as (
    select
        list_sort(list(turns_in_range.asr_ms) filter (where turns_in_range.asr_ms >= lower_ends.asr)) as asr,
        list_sort(list(turns_in_range.llm_ms) filter (where turns_in_range.llm_ms >= lower_ends.llm)) as llm,
        list_sort(list(turns_in_range.tts_ms) filter (where turns_in_range.tts_ms >= lower_ends.tts)) as tts,
        list_sort(list(turns_in_range.total_ms) filter (where turns_in_range.total_ms >= lower_ends.total)) as total
    from turns_in_range
    cross join lower_ends
),

stage_times (stage, turns, largest) as (
    select 'asr', lower_ends.asr_turns, largest_times.asr from largest_times cross join lower_ends
    union all
    select 'llm', lower_ends.llm_turns, largest_times.llm from largest_times cross join lower_ends
    union all
    select 'tts', lower_ends.tts_turns, largest_times.tts from largest_times cross join lower_ends
    union all
    select 'total', lower_ends.total_turns, largest_times.total from largest_times cross join lower_ends
),

order_statistics as (
    select
        stage,
        quantile_low(largest, turns, 0.95) as low,
        quantile_high(largest, turns, 0.95) as high
    from stage_times
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
        when turns < min_observations or low is null then 'too few'
        when comparison = '<' and high < target or comparison = '>' and low > target then 'met'
        when comparison = '<' and low >= target or comparison = '>' and high <= target then 'breached'
        else 'inconclusive'
    end as status
from judged
order by position;
