-- Each objective of the specification as it was measured, week by week or over the whole range.
-- Grain: as internal.objective_counts.
-- Parameters: since and until, in UTC, half-open; timezone; each, 'week' or 'all'.
-- Columns: those of internal.objective_counts, and measured, in the objective's unit: ms at p95, or percent.
create or replace macro internal.objective_measurements(
    since timestamp := null, until timestamp := null, timezone varchar := 'UTC', each varchar := 'week'
) as table
with

turns_in_range as (
    select
        case when each = 'week' then quarter_of(turn_at) end as quarter_at,
        asr_ms,
        llm_ms,
        tts_ms,
        total_ms
    from internal.turn_timings
    where in_range(turn_at, since, until)
),

-- The local week of each quarter of an hour, not of each turn: time zones are slow.
distinct_quarters as (
    select distinct quarter_at
    from turns_in_range
),

quarters as (
    select
        quarter_at,
        local_week(quarter_at, timezone) as period_start
    from distinct_quarters
),

percentiles as (
    select
        quarters.period_start,
        percentile(turns_in_range.asr_ms, 0.95) as asr_p95,
        percentile(turns_in_range.llm_ms, 0.95) as llm_p95,
        percentile(turns_in_range.tts_ms, 0.95) as tts_p95,
        percentile(turns_in_range.total_ms, 0.95) as total_p95
    from turns_in_range
    left join quarters on turns_in_range.quarter_at = quarters.quarter_at
    group by quarters.period_start
),

p95s (period_start, objective, p95) as (
    select period_start, 'asr_latency', asr_p95 from percentiles
    union all
    select period_start, 'llm_latency', llm_p95 from percentiles
    union all
    select period_start, 'tts_latency', tts_p95 from percentiles
    union all
    select period_start, 'total_latency', total_p95 from percentiles
),

counts as (
    select *
    from internal.objective_counts(since := since, until := until, timezone := timezone, each := each)
)

select
    counts.period_start,
    counts.objective,
    case
        when objectives.kind = 'latency' then p95s.p95
        when objectives.comparison = '<' then percent_of(counts.bad, counts.total)
        else 100 - percent_of(counts.bad, counts.total)
    end as measured,
    counts.turns,
    counts.bad,
    counts.total,
    counts.allowed_share
from counts
inner join objectives on counts.objective = objectives.objective
left join p95s on counts.objective = p95s.objective and counts.period_start is not distinct from p95s.period_start;
