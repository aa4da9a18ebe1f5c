-- Time of turns that no stage accounts for, in one row.
-- Grain: the whole range. turns: those with a total. Percentiles and maximum in ms, over all of them.
create or replace macro unattributed_latency(
    since := timestamp '-infinity', until := timestamp 'infinity'
) as table
select
    count(*) as turns,
    count(*) filter (where unattributed_ms >= 1) as turns_with_unattributed,
    percentile_cont(0.50) within group (order by unattributed_ms) as p50_ms,
    percentile_cont(0.95) within group (order by unattributed_ms) as p95_ms,
    max(unattributed_ms) as max_ms
from turns
where turn_at >= since and turn_at < until and total_ms is not null;
