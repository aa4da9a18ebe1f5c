-- How far each objective moved, against another span and against the median of the four weeks before.
-- Grain: one objective that was measured, the largest change first. The other span is the equally long one before
-- by the clock of timezone, unless compare_since and compare_until name it. Changes in percent of what was
-- measured before; change_in_widths: in half widths of this range's 95% interval, where both spans have turns enough
-- to be judged. median_of_four needs two such weeks.
create or replace macro objective_changes(
    since := timestamp '-infinity',
    until := timestamp 'infinity',
    compare_since := cast(null as timestamp),
    compare_until := cast(null as timestamp),
    timezone := 'UTC'
) as table
with

now_measured as (
    select * from objectives_report(since := since, until := until)
),

before as (
    select *
    from objective_measurements(
        since := case
            when compare_since is not null then compare_since
            when isfinite(since) and isfinite(until)
                then (
                    local_time(since, timezone)
                    - (local_time(until, timezone) - local_time(since, timezone))
                ) at time zone timezone at time zone 'UTC'
            else since
        end,
        until := coalesce(compare_until, since),
        each := 'all'
    )
),

weeks_before as (
    select *
    from objectives_by_week(until := since, weeks := 4, timezone := timezone)
    where isfinite(since)
),

medians as (
    select
        weeks_before.objective,
        case when count(*) >= 2 then percentile_cont(0.5) within group (order by weeks_before.measured) end as median
    from weeks_before
    inner join objectives on weeks_before.objective = objectives.objective
    where weeks_before.turns >= objectives.min_observations
    group by weeks_before.objective
)

select
    now_measured.objective,
    now_measured.measured,
    before.measured as measured_before,
    medians.median as median_of_four,
    100 * (now_measured.measured - before.measured) / nullif(before.measured, 0) as change_percent,
    100 * (now_measured.measured - medians.median) / nullif(medians.median, 0) as change_to_median_percent,
    case
        when now_measured.status <> 'too few' and before.turns >= objectives.min_observations
            then abs(now_measured.measured - before.measured) / nullif((now_measured.high - now_measured.low) / 2, 0)
    end as change_in_widths
from now_measured
inner join objectives on now_measured.objective = objectives.objective
left join before on now_measured.objective = before.objective
left join medians on now_measured.objective = medians.objective
where now_measured.measured is not null
order by change_in_widths desc nulls last, objectives.position asc;
