-- Time of turns that no stage accounts for, in one row.
-- Grain: the whole range. turns: those with a total. Percentiles and maximum in ms, over all of them.
create or replace macro unexplained_time(
    since := timestamp '-infinity', until := timestamp 'infinity'
) as table
select
    count(*) as turns,
    count(*) filter (where unexplained_ms >= 1) as turns_with_unexplained,
    percentile_cont(0.50) within group (order by unexplained_ms) as p50_ms,
    percentile_cont(0.95) within group (order by unexplained_ms) as p95_ms,
    max(unexplained_ms) as max_ms
from turns
where turn_at >= since and turn_at < until and total_ms is not null;
