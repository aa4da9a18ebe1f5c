-- The voice samples that the service had made for listening to, from voice_audition_results*.csv beside the logs.
-- Grain: one sample. duration_ms in ms, file_size_bytes in bytes; a cell that does not fit is NULL. No file, no rows.
create or replace view voice_auditions as
select
    sample_id,
    nullif(voice, '') as voice,
    positive_or_null(try_cast(rate as double)) as rate,
    nullif(pitch, '') as pitch,
    nullif(style, '') as style,
    positive_or_null(try_cast(duration_ms as double)) as duration_ms,
    try_cast(file_size_bytes as bigint) as file_size_bytes,
    file_path,
    file_url,
    status,
    source_file
from internal.audition_cells;
