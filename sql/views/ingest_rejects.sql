-- The ledger's rejects: bytes of a log that are not a record.
-- Grain: one reject. Lines count from 1, byte offsets from 0 after decompression; size in bytes.
-- raw is the text of the first 64 KiB.
create or replace view ingest_rejects as
select
    file,
    line,
    byte_offset,
    size,
    reason,
    raw
from internal.inspected_rejects;
