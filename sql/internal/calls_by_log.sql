-- Calls, log by log.
-- Grain: as internal.calls_from_records, or as its rollup for a log that has one: connect adds these to the view.
-- From closed_since to closed_until no other log has a record less than four hours away; NULL without rollups.
create or replace view internal.calls_by_log as
select
    *,
    cast(null as timestamp) as closed_since,
    cast(null as timestamp) as closed_until
from internal.calls_from_records;
