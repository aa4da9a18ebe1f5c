-- How far each objective moved, against another period and against the median of the four weeks before.
-- Grain: one objective that was measured, the largest change first.
-- Parameters:
--   since, until: range in UTC, half-open.
--   compare_since, compare_until: period to compare with; by default the equally long one before, by the clock of
--     timezone.
--   timezone: time zone in which weeks are cut.
-- Columns:
--   objective: name of the objective.
--   measured: p95 in ms, or rate in percent.
--   measured_before: the same of the other period.
--   median_of_four: median of the four weeks before since; NULL with fewer than two weeks that can be judged.
--   change_percent: change against the other period, in percent of it.
--   change_to_median_percent: change against that median, in percent of it.
--   change_in_widths: change against the other period, in half widths of this range's 95% interval; NULL when either
--     has too few turns to be judged.
create or replace macro objective_changes(
    since timestamp := null,
    until timestamp := null,
    compare_since timestamp := null,
    compare_until timestamp := null,
    timezone varchar := 'UTC'
) as table
with

now_measured as (
    select * from internal.objective_intervals(since := since, until := until)
),

before as (
    select *
    from internal.objective_measurements(
        since := coalesce(
            compare_since,
            utc_of(
                local_time(since, timezone) - (local_time(until, timezone) - local_time(since, timezone)), timezone
            ),
            since
        ),
        until := coalesce(compare_until, since, timestamp '0001-01-01'),
        each := 'all'
    )
),

weeks_before as (
    select *
    from objectives_by_week(until := since, weeks := 4, timezone := timezone)
    where since is not null
),

medians as (
    select
        weeks_before.objective,
        case when count(*) >= 2 then percentile(weeks_before.measured, 0.5) end as median
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
    percent_of(now_measured.measured - before.measured, before.measured) as change_percent,
    percent_of(now_measured.measured - medians.median, medians.median) as change_to_median_percent,
    case
        when now_measured.status <> 'too few' and before.turns >= now_measured.min_observations
            then abs(now_measured.measured - before.measured) / nullif((now_measured.high - now_measured.low) / 2, 0)
    end as change_in_widths
from now_measured
left join before on now_measured.objective = before.objective
left join medians on now_measured.objective = medians.objective
where now_measured.measured is not null
order by change_in_widths desc nulls last, now_measured.position asc;
