-- Records that stand in their file behind records of a later instant.
-- Grain: one file with such records. rows: those behind a record that is later than themselves by more than tolerance;
-- first_row the first of them, counted from 1; latest_by_s the most seconds.
create or replace macro late_rows(
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
        user_sessions.source_file,
        user_sessions.source_row,
        user_sessions.timestamp
    from user_sessions
    inner join files on user_sessions.source_file = files.file
),

placed_records as (
    select
        source_file,
        source_row,
        timestamp,
        max(timestamp) over (
            partition by source_file order by source_row rows between unbounded preceding and current row
        ) as latest_at
    from records
    where timestamp >= since and isfinite(timestamp)
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
