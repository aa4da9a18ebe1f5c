-- Each monitoring threshold of the specification against what was measured, with its status and error budget.
-- Grain: one objective, in the specification's order.
-- Parameters:
--   since, until: range in UTC, half-open.
--   lookback: period before until that error budgets are for.
-- Columns:
--   objective: name of the objective.
--   title: name for people.
--   kind: 'latency', 'error rate' or 'availability'.
--   stage: 'asr', 'llm', 'tts' or 'total'; NULL for availability.
--   comparison: '<' or '>', between what is measured and the target.
--   target: target, in the unit.
--   unit: 'ms' or '%'.
--   measured: p95 or rate, in the unit.
--   low: lower end of its 95% interval: an order statistic for a p95 (Conover 1999, section 3.2), Wilson's for a rate;
--     for uptime, with as many trials as there are checks.
--   high: upper end of the interval.
--   turns: number of turns, or health checks, that it was measured on.
--   bad: turns at or over the target, failed turns, minutes down, or unhealthy checks.
--   total: all turns, minutes or checks.
--   allowed_share: share of total that may be bad.
--   burn_rate: bad share over allowed share; 1 uses up the budget in just its period.
--   status: 'met' or 'breached' when the whole interval is on one side of the target, 'inconclusive' when the target is
--     inside it, 'too few' when so few turns could not show it met, 'not measured'.
--   used_percent: error budget of the lookback that the range used, in percent.
--   used_lookback_percent: error budget of the lookback that the lookback used, in percent.
--   days_with_data: number of UTC days of the lookback with turns.
create or replace macro objectives_report(
    since timestamp := null, until timestamp := null, lookback interval := interval 28 days
) as table
with

measured_objectives as (
    select * from internal.objective_intervals(since := since, until := until)
),

lookback_counts as (
    select * from internal.objective_counts(since := until - lookback, until := until, each := 'all')
),

lookback_days as (
    select count(distinct cast(turn_at as date)) as days_with_data
    from internal.turn_timings
    where in_range(turn_at, until - lookback, until)
)

select
    measured_objectives.objective,
    measured_objectives.title,
    measured_objectives.kind,
    measured_objectives.stage,
    measured_objectives.comparison,
    measured_objectives.target,
    measured_objectives.unit,
    measured_objectives.measured,
    measured_objectives.low,
    measured_objectives.high,
    measured_objectives.turns,
    measured_objectives.bad,
    measured_objectives.total,
    measured_objectives.allowed_share,
    measured_objectives.burn_rate,
    measured_objectives.status,
    percent_of(measured_objectives.bad, lookback_counts.allowed_share * lookback_counts.total) as used_percent,
    percent_of(lookback_counts.bad, lookback_counts.allowed_share * lookback_counts.total) as used_lookback_percent,
    lookback_days.days_with_data
from measured_objectives
cross join lookback_days
left join lookback_counts on measured_objectives.objective = lookback_counts.objective
order by measured_objectives.position;
