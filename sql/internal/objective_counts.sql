-- How often each objective of the specification was missed, week by week or over the whole range.
-- Grain: one objective and ISO week of timezone (each := 'week'), or one objective (each := 'all'; period_start NULL).
-- Nothing where nothing was observed.
-- Parameters: since and until, in UTC, half-open; timezone; each.
-- Columns: turns (the turns, or health checks, that it was measured on); bad of total (turns at or over the target,
-- failed turns, minutes down or unhealthy checks, of all turns, minutes or checks); allowed_share (of total).
create or replace macro internal.objective_counts(
    since timestamp := null, until timestamp := null, timezone varchar := 'UTC', each varchar := 'week'
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
        case when each = 'week' then quarter_of(turn_at) end as quarter_at,
        asr_ms,
        llm_ms,
        tts_ms,
        total_ms,
        error_stage
    from internal.turn_timings
    where in_range(turn_at, since, until)
),

-- By quarter of an hour first: there are far fewer of them than turns, and no time zone's week begins within one.
-- A turn reached a stage when it ran, or failed before it ran.
quarter_turns as (
    select
        turns_in_range.quarter_at,
        count(*) as turns,
        count(turns_in_range.error_stage) as failed,
        count(turns_in_range.asr_ms) as asr_turns,
        count(turns_in_range.llm_ms) as llm_turns,
        count(turns_in_range.tts_ms) as tts_turns,
        count(turns_in_range.total_ms) as total_turns,
        count(*) filter (where turns_in_range.asr_ms >= limits.asr) as asr_slow,
        count(*) filter (where turns_in_range.llm_ms >= limits.llm) as llm_slow,
        count(*) filter (where turns_in_range.tts_ms >= limits.tts) as tts_slow,
        count(*) filter (where turns_in_range.total_ms >= limits.total) as total_slow,
        count(*) filter (where turns_in_range.error_stage = 'asr') as asr_failed,
        count(*) filter (where turns_in_range.error_stage = 'llm') as llm_failed,
        count(*) filter (where turns_in_range.error_stage = 'tts') as tts_failed,
        count(*) filter (where turns_in_range.error_stage = 'asr' and turns_in_range.asr_ms is null) as asr_not_run,
        count(*) filter (where turns_in_range.error_stage = 'llm' and turns_in_range.llm_ms is null) as llm_not_run,
        count(*) filter (where turns_in_range.error_stage = 'tts' and turns_in_range.tts_ms is null) as tts_not_run
    from turns_in_range
    cross join limits
    group by turns_in_range.quarter_at
),

placed_turns as (
    select
        *,
        local_week(quarter_at, timezone) as period_start
    from quarter_turns
),

quarter_counts (period_start, objective, turns, bad) as (
    select period_start, 'asr_latency', asr_turns, asr_slow from placed_turns
    union all
    select period_start, 'llm_latency', llm_turns, llm_slow from placed_turns
    union all
    select period_start, 'tts_latency', tts_turns, tts_slow from placed_turns
    union all
    select period_start, 'total_latency', total_turns, total_slow from placed_turns
    union all
    select period_start, 'error_rate', turns, failed from placed_turns
    union all
    select period_start, 'asr_error_rate', asr_turns + asr_not_run, asr_failed from placed_turns
    union all
    select period_start, 'llm_error_rate', llm_turns + llm_not_run, llm_failed from placed_turns
    union all
    select period_start, 'tts_error_rate', tts_turns + tts_not_run, tts_failed from placed_turns
),

turn_counts as (
    select
        period_start,
        objective,
        cast(sum(turns) as bigint) as turns,
        cast(sum(bad) as bigint) as bad
    from quarter_counts
    group by period_start, objective
),

check_counts as (
    select
        case when each = 'week' then cast(date_trunc('week', day) as date) end as period_start,
        cast(sum(checks) as bigint) as checks,
        cast(sum(checks - healthy_checks) as bigint) as unhealthy,
        rounded(sum(observed_minutes), 9) as observed_minutes,
        rounded(sum(observed_minutes - up_minutes), 9) as down_minutes
    from internal.health_check_days(since := since, until := until, timezone := timezone)
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
where totals.total > 0;
