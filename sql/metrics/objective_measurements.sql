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

turns_in_range as (
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

-- No zone's week begins within a quarter of an hour, and there are far fewer of them than turns.
quarters_in_range as (
    select distinct quarter_at
    from turns_in_range
),

quarters as (
    select
        quarter_at,
        cast(date_trunc('week', quarter_at at time zone 'UTC' at time zone timezone) as date) as period_start
    from quarters_in_range
),

turn_counts as (
    select
        quarters.period_start,
        count(*) as turns,
        count(turns_in_range.error_stage) as failed,
        percentile_cont(0.95) within group (order by turns_in_range.asr_ms) as asr_p95,
        percentile_cont(0.95) within group (order by turns_in_range.llm_ms) as llm_p95,
        percentile_cont(0.95) within group (order by turns_in_range.tts_ms) as tts_p95,
        percentile_cont(0.95) within group (order by turns_in_range.total_ms) as total_p95,
        count(turns_in_range.asr_ms) as asr_turns,
        count(turns_in_range.llm_ms) as llm_turns,
        count(turns_in_range.tts_ms) as tts_turns,
        count(turns_in_range.total_ms) as total_turns,
        count(*) filter (where turns_in_range.asr_ms >= limits.asr) as asr_slow,
        count(*) filter (where turns_in_range.llm_ms >= limits.llm) as llm_slow,
        count(*) filter (where turns_in_range.tts_ms >= limits.tts) as tts_slow,
        count(*) filter (where turns_in_range.total_ms >= limits.total) as total_slow,
        count(*) filter (where turns_in_range.asr_ms is not null or turns_in_range.error_stage = 'asr') as asr_reached,
        count(*) filter (where turns_in_range.llm_ms is not null or turns_in_range.error_stage = 'llm') as llm_reached,
        count(*) filter (where turns_in_range.tts_ms is not null or turns_in_range.error_stage = 'tts') as tts_reached,
        count(*) filter (where turns_in_range.error_stage = 'asr') as asr_failed,
        count(*) filter (where turns_in_range.error_stage = 'llm') as llm_failed,
        count(*) filter (where turns_in_range.error_stage = 'tts') as tts_failed
    from turns_in_range
    cross join limits
    left join quarters on turns_in_range.quarter_at = quarters.quarter_at
    group by quarters.period_start
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

counts (period_start, objective, p95, turns, bad, minutes) as (
    select period_start, 'asr_latency', asr_p95, asr_turns, asr_slow, null from turn_counts
    union all
    select period_start, 'llm_latency', llm_p95, llm_turns, llm_slow, null from turn_counts
    union all
    select period_start, 'tts_latency', tts_p95, tts_turns, tts_slow, null from turn_counts
    union all
    select period_start, 'total_latency', total_p95, total_turns, total_slow, null from turn_counts
    union all
    select period_start, 'error_rate', null, turns, failed, null from turn_counts
    union all
    select period_start, 'asr_error_rate', null, asr_reached, asr_failed, null from turn_counts
    union all
    select period_start, 'llm_error_rate', null, llm_reached, llm_failed, null from turn_counts
    union all
    select period_start, 'tts_error_rate', null, tts_reached, tts_failed, null from turn_counts
    union all
    select period_start, 'uptime', null, checks, down_minutes, observed_minutes from check_counts
    union all
    select period_start, 'health_checks', null, checks, unhealthy, null from check_counts
),

totals as (
    select
        *,
        coalesce(minutes, turns) as total
    from counts
)

select
    totals.period_start,
    totals.objective,
    case
        when objectives.kind = 'latency' then totals.p95
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
where totals.total > 0
order by totals.period_start, objectives.position;
