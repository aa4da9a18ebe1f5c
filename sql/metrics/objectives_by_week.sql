-- The last weeks of each objective: what was measured, and how fast it used its budget.
-- Grain: one objective and ISO week of timezone, of the weeks that end at or before until; weeks in which nothing
-- was observed are absent. measured and target in the objective's unit, ms at p95 or percent.
create or replace macro objectives_by_week(
    until := timestamp 'infinity', weeks := 8, timezone := 'UTC'
) as table
with

measurements as (
    select *
    from objective_measurements(
        since := case
            when isfinite(until)
                then (
                    date_trunc('week', until at time zone 'UTC' at time zone timezone) - to_days(cast(7 * weeks as int))
                ) at time zone timezone at time zone 'UTC'
            else timestamp '-infinity'
        end,
        until := case
            when isfinite(until)
                then date_trunc('week', until at time zone 'UTC' at time zone timezone)
                    at time zone timezone at time zone 'UTC'
            else until
        end,
        timezone := timezone
    )
)

select
    measurements.period_start as week_start,
    measurements.objective,
    measurements.measured,
    objectives.target,
    measurements.turns,
    measurements.bad / measurements.total / nullif(measurements.allowed_share, 0) as burn_rate
from measurements
inner join objectives on measurements.objective = objectives.objective
order by week_start, objectives.position;
