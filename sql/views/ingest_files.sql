-- The ledger: every log file, with its records, rejects and state.
-- Grain: one file. records = rows + rejects + one pending record. bad_cells counts the cells in ingest_cells.
-- Columns:
--   file: path of the file.
--   state: 'sound', 'repaired', 'duplicate' or 'unreadable'.
--   reason: why the file is not sound; empty when it is.
--   live: whether the logger may still append to the file.
--   layouts: numbers of cells that its records have, each once, ascending.
--   size: size on disk, in bytes.
--   records: number of records found.
--   rows: number of records that the views contain.
--   rejects: number of rejects.
--   pending_bytes: size of the record that is still being written, in bytes.
--   bad_cells: number of invalid cells.
--   undated: number of rows without a usable instant.
--   first_at: earliest instant, UTC.
--   last_at: latest instant, UTC.
--   duplicate_of: the file with the same content that is read instead; NULL otherwise.
--   headers: columns that its headers name, in order.
--   unknown_columns: columns in its header that the specification does not have.
--   content_hash: SHA-256 of the decompressed content, in hex; NULL for a live file.
create or replace view ingest_files as
select
    file,
    state,
    reason,
    live,
    from_json(layouts, '["bigint"]') as layouts,
    size,
    records,
    accepted as rows,
    rejects,
    pending_bytes,
    bad_cells,
    undated,
    first_at,
    last_at,
    duplicate_of,
    from_json(headers, '["varchar"]') as headers,
    from_json(unknown_columns, '["varchar"]') as unknown_columns,
    content_hash
from internal.inspected_files;
