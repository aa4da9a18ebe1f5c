-- Voice samples that the service synthesized for auditions, from voice_audition_results*.csv beside the logs.
-- Grain: one sample. An invalid cell is NULL. No file, no rows.
-- Columns:
--   sample_id: identifier of the sample.
--   voice: voice model.
--   rate: speech rate; 1 is normal.
--   pitch: pitch adjustment, as logged.
--   style: style setting.
--   duration_ms: duration of the sample, in ms.
--   file_size_bytes: size of the audio file, in bytes.
--   file_path: path of the audio file, as logged.
--   file_url: URL of the audio file, as logged.
--   status: result of the synthesis, such as 'success'.
--   source_file: the file of audition results.
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
