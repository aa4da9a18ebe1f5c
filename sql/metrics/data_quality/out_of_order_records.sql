-- Records that come in their file after records of a later instant.
-- Grain: one file with such records.
-- Parameters:
--   since, until: range in UTC, half-open.
--   tolerance: records count that are out of order by more than this.
-- Columns:
--   file: log file.
--   rows: number of records that are out of order.
--   latest_by_s: the most by which one is, in seconds.
--   first_row: number of the first of them, from 1.
create or replace macro out_of_order_records(
    since timestamp := null, until timestamp := null, tolerance interval := interval 10 minutes
) as table
with

-- A record before since puts none of the range out of order; one from until on can, in the same file.
files as (
    select file
    from ingest_files
    where first_at is not null and (until is null or first_at < until) and (since is null or last_at >= since)
),

records as (
    select
        source_file,
        source_row,
        source_row // 256 as block,
        timestamp
    from user_sessions
    where in_range(timestamp, since, null) and source_file in (select files.file from files)
),

-- By blocks of records first: most have none out of order, and only the others are sorted.
blocks as (
    select
        source_file,
        block,
        min(timestamp) as first_at,
        max(timestamp) as last_at
    from records
    group by source_file, block
),

placed_blocks as (
    select
        *,
        max(last_at) over (
            partition by source_file order by block rows between unbounded preceding and 1 preceding
        ) as latest_before
    from blocks
),

-- In seconds, since two instants can be farther apart than an interval is long; with a second to spare for rounding.
suspect_blocks as (
    select *
    from placed_blocks
    where epoch(greatest(latest_before, last_at)) - epoch(first_at) > epoch(tolerance) - 1
),

placed_records as (
    select
        records.source_file,
        records.source_row,
        records.timestamp,
        greatest(
            suspect_blocks.latest_before,
            max(records.timestamp) over (
                partition by records.source_file, records.block
                order by records.source_row rows between unbounded preceding and current row
            )
        ) as latest_at
    from records
    inner join suspect_blocks
        on records.source_file = suspect_blocks.source_file and records.block = suspect_blocks.block
)

select
    source_file as file,
    count(*) as rows,
    max(epoch(latest_at - timestamp)) as latest_by_s,
    min(source_row) as first_row
from placed_records
where latest_at - timestamp > tolerance and (until is null or timestamp < until)
group by source_file
order by source_file;
