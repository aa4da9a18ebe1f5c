-- The time of turns that no stage accounts for, in one row.
-- Grain: the whole range, over the turns with a total.
-- Parameters:
--   since, until: range in UTC, half-open.
-- Columns:
--   turns: number of turns.
--   turns_with_unattributed: those with 1 ms or more that no stage accounts for.
--   p50_ms: median of that time over all of them, in ms.
--   p95_ms: its 95th percentile, in ms.
--   max_ms: its maximum, in ms.
create or replace macro unattributed_latency(since timestamp := null, until timestamp := null) as table
select
    count(*) as turns,
    count(*) filter (where unattributed_ms >= 1) as turns_with_unattributed,
    percentile(unattributed_ms, 0.50) as p50_ms,
    percentile(unattributed_ms, 0.95) as p95_ms,
    max(unattributed_ms) as max_ms
from internal.turn_timings
where total_ms is not null and in_range(turn_at, since, until);
