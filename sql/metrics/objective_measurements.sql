-- Each monitoring threshold of the specification as it was measured, week by week or over the whole range.
-- Grain: one objective and week of timezone (each := 'week'), or one objective (each := 'all'; period_start NULL);
-- nothing where nothing was observed. measured in the objective's unit, ms at p95 or percent; turns: the turns, or
-- health checks, that it was measured on. bad of total: the turns at or over the target, failed turns, minutes down,
-- unhealthy checks, of all turns, minutes or checks; allowed_share: the part of total that may be bad.
create or replace macro objective_measurements(
    since := timestamp '-infinity', until := timestamp 'infinity', timezone := 'UTC', each := 'week'
) as table
with

limits as (
    select
        max(target) filter (where objective = 'asr_latency') as asr,
        max(target) filter (where objective = 'llm_latency') as llm,
        max(target) filter (where objective = 'tts_latency') as tts,
        max(target) filter (where objective = 'total_latency') as total
    from objectives
),

-- Read once for each question: to keep it would take longer.
turns_in_range as not materialized (
    select
        case when each = 'week' then time_bucket(interval 15 minutes, turn_at) end as quarter_at,
        asr_ms,
        llm_ms,
        tts_ms,
        total_ms,
        error_stage
    from turns
    where turn_at >= since and turn_at < until
),

quarter_turns as (
    select
        turns_in_range.quarter_at,
        count(*) as turns,
        count(turns_in_range.asr_ms) as asr_turns,
        count(turns_in_range.llm_ms) as llm_turns,
        count(turns_in_range.tts_ms) as tts_turns,
        count(turns_in_range.total_ms) as total_turns,
        count(*) filter (where turns_in_range.asr_ms >= limits.asr) as asr_slow,
        count(*) filter (where turns_in_range.llm_ms >= limits.llm) as llm_slow,
        count(*) filter (where turns_in_range.tts_ms >= limits.tts) as tts_slow,
        count(*) filter (where turns_in_range.total_ms >= limits.total) as total_slow
    from turns_in_range
    cross join limits
    group by turns_in_range.quarter_at
),

-- A stage was reached by the turns in which it ran, counted above, and by those that it failed before it ran.
quarter_failures as (
    select
        quarter_at,
        count(*) as failed,
        count(*) filter (where error_stage = 'asr') as asr_failed,
        count(*) filter (where error_stage = 'llm') as llm_failed,
        count(*) filter (where error_stage = 'tts') as tts_failed,
        count(*) filter (where error_stage = 'asr' and asr_ms is null) as asr_not_run,
        count(*) filter (where error_stage = 'llm' and llm_ms is null) as llm_not_run,
        count(*) filter (where error_stage = 'tts' and tts_ms is null) as tts_not_run
    from turns_in_range
    where error_stage is not null
    group by quarter_at
),

-- No zone's week begins within a quarter of an hour, and there are far fewer of them than turns.
quarters as (
    select
        quarter_at,
        cast(date_trunc('week', local_time(quarter_at, timezone)) as date) as period_start
    from quarter_turns
),

quarter_counts (quarter_at, objective, turns, bad) as (
    select quarter_at, 'asr_latency', asr_turns, asr_slow from quarter_turns
    union all
    select quarter_at, 'llm_latency', llm_turns, llm_slow from quarter_turns
    union all
    select quarter_at, 'tts_latency', tts_turns, tts_slow from quarter_turns
    union all
    select quarter_at, 'total_latency', total_turns, total_slow from quarter_turns
    union all
    select quarter_at, 'error_rate', turns, 0 from quarter_turns
    union all
    select quarter_at, 'error_rate', 0, failed from quarter_failures
    union all
    select quarter_at, 'asr_error_rate', asr_turns, 0 from quarter_turns
    union all
    select quarter_at, 'asr_error_rate', asr_not_run, asr_failed from quarter_failures
    union all
    select quarter_at, 'llm_error_rate', llm_turns, 0 from quarter_turns
    union all
    select quarter_at, 'llm_error_rate', llm_not_run, llm_failed from quarter_failures
    union all
    select quarter_at, 'tts_error_rate', tts_turns, 0 from quarter_turns
    union all
    select quarter_at, 'tts_error_rate', tts_not_run, tts_failed from quarter_failures
),

percentiles as (
    select
        quarters.period_start,
        percentile_cont(0.95) within group (order by turns_in_range.asr_ms) as asr_p95,
        percentile_cont(0.95) within group (order by turns_in_range.llm_ms) as llm_p95,
        percentile_cont(0.95) within group (order by turns_in_range.tts_ms) as tts_p95,
        percentile_cont(0.95) within group (order by turns_in_range.total_ms) as total_p95
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

turn_counts as (
    select
        quarters.period_start,
        quarter_counts.objective,
        cast(sum(quarter_counts.turns) as bigint) as turns,
        cast(sum(quarter_counts.bad) as double) as bad
    from quarter_counts
    left join quarters on quarter_counts.quarter_at = quarters.quarter_at
    group by quarters.period_start, quarter_counts.objective
),

check_counts as (
    select
        case when each = 'week' then cast(date_trunc('week', day) as date) end as period_start,
        cast(sum(checks) as bigint) as checks,
        sum(checks - healthy_checks) as unhealthy,
        sum(observed_minutes order by day) as observed_minutes,
        sum(observed_minutes - up_minutes order by day) as down_minutes
    from availability(since := since, until := until, timezone := timezone)
    group by period_start
),

totals (period_start, objective, turns, bad, total) as (
    select period_start, objective, turns, bad, turns as total from turn_counts
    union all
    select period_start, 'uptime', checks, down_minutes, observed_minutes from check_counts
    union all
    select period_start, 'health_checks', checks, unhealthy, checks as total from check_counts
)

select
    totals.period_start,
    totals.objective,
    case
        when objectives.kind = 'latency' then p95s.p95
        when objectives.comparison = '<' then 100.0 * totals.bad / totals.total
        else 100.0 - 100.0 * totals.bad / totals.total
    end as measured,
    totals.turns,
    cast(totals.bad as double) as bad,
    cast(totals.total as double) as total,
    case
        when objectives.kind = 'latency' then 0.05
        when objectives.comparison = '<' then objectives.target / 100
        else 1 - objectives.target / 100
    end as allowed_share
from totals
inner join objectives on totals.objective = objectives.objective
left join p95s on totals.objective = p95s.objective and totals.period_start is not distinct from p95s.period_start
where totals.total > 0
order by totals.period_start, objectives.position;
