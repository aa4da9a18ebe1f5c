-- The ledger: what became of every log file.
-- Grain: one file. records = rows + rejects + one pending record; sizes in bytes on disk.
create or replace view ingest_files as
select
    file,
    state,
    reason,
    live,
    layouts,
    size,
    records,
    accepted as rows,
    rejects,
    pending_bytes,
    duplicate_of,
    unknown_columns,
    content_hash
from inspected_files;
