-- The last weeks of each objective: what was measured, and how fast it used its budget.
-- Grain: one objective and ISO week of timezone, of the last weeks that end at or before until; without until, up to
-- the last one with anything observed. Weeks in which nothing was observed are absent. measured and target in the
-- objective's unit, ms at p95 or percent.
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
                    date_trunc('week', local_time(until, timezone)) - to_days(cast(7 * weeks as int))
                ) at time zone timezone at time zone 'UTC'
            else timestamp '-infinity'
        end,
        until := case
            when isfinite(until)
                then date_trunc('week', local_time(until, timezone))
                    at time zone timezone at time zone 'UTC'
            else until
        end,
        timezone := timezone
    )
),

placed as (
    select
        *,
        max(period_start) over () - cast(7 * weeks as int) as last_too_early
    from measurements
)

select
    placed.period_start as week_start,
    placed.objective,
    placed.measured,
    objectives.target,
    placed.turns,
    placed.bad / placed.total / nullif(placed.allowed_share, 0) as burn_rate
from placed
inner join objectives on placed.objective = objectives.objective
where placed.period_start > placed.last_too_early
order by week_start, objectives.position;
