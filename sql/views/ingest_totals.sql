-- The ledger in one row: all files together.
-- Grain: all files. Records, rows, rejects and cells are those of files that are read: duplicates are not counted.
-- Columns:
--   files: number of log files.
--   sound: number of files without damage.
--   repaired: number of files that are read from a repaired copy.
--   duplicates: number of files with the content of another file.
--   unreadable: number of files that can't be read.
--   size: size of all files on disk, in bytes.
--   records: number of records found.
--   rows: number of records that the views contain.
--   rejects: number of rejects.
--   pending_bytes: size of the records that are still being written, in bytes.
--   bad_cells: number of invalid cells.
--   undated: number of rows without a usable instant.
--   first_at: earliest instant, UTC.
--   last_at: latest instant, UTC.
create or replace view ingest_totals as
select
    count(*) as files,
    count(*) filter (where state = 'sound') as sound,
    count(*) filter (where state = 'repaired') as repaired,
    count(*) filter (where state = 'duplicate') as duplicates,
    count(*) filter (where state = 'unreadable') as unreadable,
    coalesce(sum(size), 0)::bigint as size,
    coalesce(sum(records) filter (where state in ('sound', 'repaired')), 0)::bigint as records,
    coalesce(sum(rows) filter (where state in ('sound', 'repaired')), 0)::bigint as rows,
    coalesce(sum(rejects) filter (where state in ('sound', 'repaired')), 0)::bigint as rejects,
    coalesce(sum(pending_bytes) filter (where state in ('sound', 'repaired')), 0)::bigint as pending_bytes,
    coalesce(sum(bad_cells) filter (where state in ('sound', 'repaired')), 0)::bigint as bad_cells,
    coalesce(sum(undated) filter (where state in ('sound', 'repaired')), 0)::bigint as undated,
    min(first_at) filter (where state in ('sound', 'repaired')) as first_at,
    max(last_at) filter (where state in ('sound', 'repaired')) as last_at
from ingest_files;
