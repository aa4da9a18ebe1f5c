-- Records that stand in their file behind records of a later instant.
-- Grain: one file with such records. rows: those behind a record that is later than themselves by more than tolerance;
-- first_row the first of them, counted from 1; latest_by_s the most seconds.
create or replace macro out_of_order_records(
    since := timestamp '-infinity', until := timestamp 'infinity', tolerance := interval 10 minutes
) as table
with

-- A record before since makes none of the range late; one after until can, in the same file.
files as (
    select file
    from ingest_files
    where first_at < until and last_at >= since
),

records as (
    select
        source_file,
        source_row,
        source_row // 256 as block,
        timestamp
    from user_sessions
    where timestamp >= since and isfinite(timestamp) and source_file in (select files.file from files)
),

-- By blocks of records first: in most of them none can be late, and only the others are sorted.
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

-- A second more than it takes, and in seconds: two instants can be farther apart than an interval is long.
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
where timestamp < until and latest_at - timestamp > tolerance
group by source_file
order by source_file;
