-- How much of its error budget each objective used.
-- Grain: one objective. The budget is what the target allows to be bad over the whole lookback before until; used
-- in percent of it, in the range and in the lookback. burn_rate: 1 uses up the budget in just the lookback (Google,
-- The Site Reliability Workbook, chapter 5). days_with_data: the UTC days of the lookback that have turns.
create or replace macro error_budgets(
    since := timestamp '-infinity', until := timestamp 'infinity', lookback := interval 28 days
) as table
with

range_counts as (
    select * from objective_measurements(since := since, until := until, each := 'all')
),

lookback_counts as (
    select *
    from objective_measurements(
        since := case when isfinite(until) then until - lookback else timestamp '-infinity' end,
        until := until,
        each := 'all'
    )
),

days as (
    select count(distinct cast(turn_at as date)) as days_with_data
    from turns
    where turn_at >= case when isfinite(until) then until - lookback else timestamp '-infinity' end and turn_at < until
)

select
    lookback_counts.objective,
    range_counts.bad / range_counts.total / nullif(range_counts.allowed_share, 0) as burn_rate,
    100 * range_counts.bad / nullif(lookback_counts.allowed_share * lookback_counts.total, 0) as used_percent,
    100 * lookback_counts.bad
    / nullif(lookback_counts.allowed_share * lookback_counts.total, 0) as used_lookback_percent,
    days.days_with_data
from lookback_counts
cross join days
left join range_counts on lookback_counts.objective = range_counts.objective
inner join objectives on lookback_counts.objective = objectives.objective
order by objectives.position;
