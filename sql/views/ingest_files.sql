-- The ledger: what became of every log file.
-- Grain: one file. records = rows + rejects + one pending record; sizes in bytes on disk, instants in UTC.
-- undated counts rows without a usable instant, bad_cells the cells in ingest_cells.
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
