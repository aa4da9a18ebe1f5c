-- Since when the logs state how turns were spoken, column by column.
-- Grain: one column of the specification's TTS metrics, in its order; nothing without turns.
-- Parameters:
--   since, until: range in UTC, half-open.
-- Columns:
--   column_name: column.
--   turns: number of all turns.
--   turns_with: number of turns that state it.
--   first_at: instant of the first of these, UTC.
--   last_at: instant of the last of these, UTC.
create or replace macro tts_coverage(since timestamp := null, until timestamp := null) as table
with

turns_in_range as (
    select *
    from internal.turn_timings
    where in_range(turn_at, since, until)
),

cells (position, column_name, turn_at, is_stated) as (
    select 1, 'tts_provider', turn_at, tts_provider is not null from turns_in_range
    union all
    select 2, 'tts_voice', turn_at, tts_voice is not null from turns_in_range
    union all
    select 3, 'tts_rate', turn_at, tts_rate is not null from turns_in_range
    union all
    select 4, 'tts_pitch', turn_at, tts_pitch is not null from turns_in_range
    union all
    select 5, 'tts_style', turn_at, tts_style is not null from turns_in_range
    union all
    select 6, 'audio_encoding', turn_at, audio_encoding is not null from turns_in_range
    union all
    select 7, 'tts_fallback_count', turn_at, tts_fallback_count is not null from turns_in_range
    union all
    select 8, 'audio_transcode_ms', turn_at, audio_transcode_ms is not null from turns_in_range
    union all
    select 9, 'sentence_chunks', turn_at, sentence_chunks is not null from turns_in_range
    union all
    select 10, 'chunk_pause_ms', turn_at, chunk_pause_ms is not null from turns_in_range
    union all
    select 11, 'barge_in_triggered', turn_at, barge_in_triggered is not null from turns_in_range
)

select
    column_name,
    count(*) as turns,
    count(*) filter (where is_stated) as turns_with,
    min(turn_at) filter (where is_stated) as first_at,
    max(turn_at) filter (where is_stated) as last_at
from cells
group by position, column_name
order by position;
