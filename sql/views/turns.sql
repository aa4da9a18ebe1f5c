-- The turns of the calls with their timings, and the learning module that each belongs to.
-- Grain: one turn_metrics record. Times in ms; NULL where the stage did not run.
-- The log calls every turn's module 'metrics'. Its learning module is that of the nearest
-- interaction in time, before or after: of its call, else of its caller (see module_source).
create or replace view turns as
with

-- Grouped, though a turn stands there once: so DuckDB knows that this join adds no rows, and leaves it out of a
-- query that aggregates and asks for no module.
modules as (
    select
        source_file,
        source_row,
        min(module_name) as module_name,
        min(module_source) as module_source
    from turn_modules
    group by source_file, source_row
)

select
    turn_timings.turn_at,
    turn_timings.phone_number,
    turn_timings.call_id,
    turn_timings.turn,
    modules.module_name,
    coalesce(modules.module_source, 'none') as module_source,
    turn_timings.asr_ms,
    turn_timings.llm_ms,
    turn_timings.tts_ms,
    turn_timings.total_ms,
    turn_timings.unattributed_ms,
    turn_timings.tokens_in,
    turn_timings.tokens_out,
    turn_timings.asr_confidence,
    turn_timings.error,
    turn_timings.error_stage,
    turn_timings.tts_provider,
    turn_timings.tts_voice,
    turn_timings.tts_rate,
    turn_timings.tts_pitch,
    turn_timings.tts_pitch_semitones,
    turn_timings.tts_style,
    turn_timings.audio_encoding,
    turn_timings.tts_fallback_count,
    turn_timings.audio_transcode_ms,
    turn_timings.sentence_chunks,
    turn_timings.chunk_pause_ms,
    turn_timings.barge_in_triggered,
    turn_timings.source_file,
    turn_timings.source_row
from turn_timings
left join modules on turn_timings.source_file = modules.source_file and turn_timings.source_row = modules.source_row;
