-- The last weeks of each objective: what was measured, and how fast it used its error budget.
-- Grain: one objective and ISO week of timezone with anything observed.
-- Parameters:
--   until: weeks that end after this instant (UTC) don't count; by default all count.
--   weeks: number of weeks, back from the last one that counts and has anything observed.
--   timezone: time zone in which weeks are cut.
-- Columns:
--   week_start: Monday of the week.
--   objective: name of the objective.
--   measured: p95 in ms, or rate in percent.
--   target: target, in the same unit.
--   turns: number of turns, or health checks, that it was measured on.
--   burn_rate: share of bad turns, minutes or checks over the share that the target allows.
create or replace macro objectives_by_week(
    until timestamp := null, weeks integer := 8, timezone varchar := 'UTC'
) as table
with

measurements as (
    select *
    from internal.objective_measurements(
        since := utc_of(local_week(until, timezone) - to_days(7 * weeks), timezone),
        until := utc_of(local_week(until, timezone), timezone),
        timezone := timezone
    )
),

placed as (
    select
        *,
        max(period_start) over () - 7 * weeks as last_too_early
    from measurements
)

select
    placed.period_start as week_start,
    placed.objective,
    placed.measured,
    objectives.target,
    placed.turns,
    burn_rate(placed.bad, placed.total, placed.allowed_share) as burn_rate
from placed
inner join objectives on placed.objective = objectives.objective
where placed.period_start > placed.last_too_early
order by week_start, objectives.position;
