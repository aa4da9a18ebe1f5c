-- The ledger's rejects: bytes of a log that are not a record.
-- Grain: one reject.
-- Columns:
--   file: path of the file.
--   line: number of its first line, from 1.
--   byte_offset: its place in the decompressed file, in bytes from 0.
--   size: its size, in bytes.
--   reason: why it is not a record.
--   raw: its text, up to 64 KiB.
create or replace view ingest_rejects as
select
    file,
    line,
    byte_offset,
    size,
    reason,
    raw
from internal.inspected_rejects;
