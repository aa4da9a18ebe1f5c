-- First and last mention of a learning module by each caller and day, log by log.
-- Grain: as internal.mention_days_from_records, or as its rollup for a log that has one: connect adds these.
-- No other log has a record between others_until and others_since; both are NULL for logs without rollups.
create or replace view internal.mention_days_by_log as
select
    *, -- noqa: AM04
    cast(null as timestamp) as others_until,
    cast(null as timestamp) as others_since
from internal.mention_days_from_records;
