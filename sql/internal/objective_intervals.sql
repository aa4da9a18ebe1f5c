-- Each objective of the specification as it was measured over the whole range, with its 95% interval and status.
-- Grain: one objective.
-- Parameters: since and until, in UTC, half-open.
-- Columns: as in objectives_report, without those of the lookback.
create or replace macro internal.objective_intervals(since timestamp := null, until timestamp := null) as table
with

counts as (
    select * from internal.objective_counts(since := since, until := until, each := 'all')
),

turns_in_range as (
    select
        asr_ms,
        llm_ms,
        tts_ms,
        total_ms
    from internal.turn_timings
    where in_range(turn_at, since, until)
),

percentiles as (
    select
        count(asr_ms) as asr_turns,
        count(llm_ms) as llm_turns,
        count(tts_ms) as tts_turns,
        count(total_ms) as total_turns,
        percentile(asr_ms, [0.80, 0.94, 0.95]) as asr,
        percentile(llm_ms, [0.80, 0.94, 0.95]) as llm,
        percentile(tts_ms, [0.80, 0.94, 0.95]) as tts,
        percentile(total_ms, [0.80, 0.94, 0.95]) as total
    from turns_in_range
),

stages (stage, turns, ms) as (
    select 'asr', asr_turns, asr from percentiles
    union all
    select 'llm', llm_turns, llm from percentiles
    union all
    select 'tts', tts_turns, tts from percentiles
    union all
    select 'total', total_turns, total from percentiles
),

-- The interval of a p95 is above the p80: with fewer turns it has no upper end. From 10,000 turns on it is above the
-- p94, by four standard deviations.
stage_percentiles as (
    select
        stage,
        turns,
        case when turns < 10000 then ms[1] else ms[2] end as min_ms,
        ms[3] as p95_ms
    from stages
),

bounds as (
    select
        max(min_ms) filter (where stage = 'asr') as asr,
        max(min_ms) filter (where stage = 'llm') as llm,
        max(min_ms) filter (where stage = 'tts') as tts,
        max(min_ms) filter (where stage = 'total') as total
    from stage_percentiles
),

longest_times as (
    select
        list_reverse_sort(list(turns_in_range.asr_ms) filter (where turns_in_range.asr_ms >= bounds.asr)) as asr,
        list_reverse_sort(list(turns_in_range.llm_ms) filter (where turns_in_range.llm_ms >= bounds.llm)) as llm,
        list_reverse_sort(list(turns_in_range.tts_ms) filter (where turns_in_range.tts_ms >= bounds.tts)) as tts,
        list_reverse_sort(list(turns_in_range.total_ms) filter (where turns_in_range.total_ms >= bounds.total)) as total
    from turns_in_range
    cross join bounds
),

stage_times (stage, longest) as (
    select 'asr', asr from longest_times
    union all
    select 'llm', llm from longest_times
    union all
    select 'tts', tts from longest_times
    union all
    select 'total', total from longest_times
),

ranks as (
    select * from internal.order_statistic_ranks((select list(turns) from stage_percentiles), 0.95)
),

order_statistics as (
    select
        stage_percentiles.stage,
        try_element_at(stage_times.longest, stage_percentiles.turns - ranks.low_rank + 1) as low,
        try_element_at(stage_times.longest, stage_percentiles.turns - ranks.high_rank + 1) as high
    from stage_percentiles
    inner join stage_times on stage_percentiles.stage = stage_times.stage
    inner join ranks on stage_percentiles.turns = ranks.trials
),

shares as (
    select
        objective,
        100 * wilson_low(bad / total * turns, turns) as low_percent,
        100 * wilson_high(bad / total * turns, turns) as high_percent
    from counts
),

measured_objectives as (
    select
        objectives.*, -- noqa: AM04
        case
            when objectives.kind = 'latency' then stage_percentiles.p95_ms
            when objectives.comparison = '<' then percent_of(counts.bad, counts.total)
            else 100 - percent_of(counts.bad, counts.total)
        end as measured,
        case
            when objectives.kind = 'latency' then order_statistics.low
            when objectives.comparison = '<' then shares.low_percent
            else 100 - shares.high_percent
        end as low,
        case
            when objectives.kind = 'latency' then order_statistics.high
            when objectives.comparison = '<' then shares.high_percent
            else 100 - shares.low_percent
        end as high,
        coalesce(counts.turns, 0) as turns,
        counts.bad,
        counts.total,
        counts.allowed_share
    from objectives
    left join counts on objectives.objective = counts.objective
    left join shares on objectives.objective = shares.objective
    left join stage_percentiles on objectives.kind = 'latency' and objectives.stage = stage_percentiles.stage
    left join order_statistics on objectives.kind = 'latency' and objectives.stage = order_statistics.stage
)

select
    position,
    objective,
    title,
    kind,
    stage,
    comparison,
    target,
    unit,
    min_observations,
    measured,
    low,
    high,
    turns,
    bad,
    total,
    allowed_share,
    burn_rate(bad, total, allowed_share) as burn_rate,
    objective_status(measured, low, high, turns, min_observations, comparison, target) as status
from measured_objectives;
