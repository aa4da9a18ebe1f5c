-- The turns of the calls with their timings, and the learning module that each belongs to.
-- Grain: one turn_metrics record. Times in ms; NULL where the stage did not run.
-- The log calls every turn's module 'metrics'. Its learning module is that of the nearest
-- interaction in time, before or after: of its call, else of its caller (see module_source).
create or replace view turns as
with

records as (
    select
        *,
        measured(asr_ms) as asr,
        measured(llm_ms) as llm,
        measured(tts_ms) as tts,
        measured(total_ms) as total
    from user_sessions
    where interaction_type = 'turn_metrics'
),

-- Grouped, though a turn stands there once: so DuckDB knows that this join adds no rows, and leaves it out of a
-- query that asks for no module.
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
    records.timestamp as turn_at,
    records.phone_number,
    coalesce(records.call_id, records.session_id) as call_id,
    records.turn,
    modules.module_name,
    coalesce(modules.module_source, 'none') as module_source,
    records.asr as asr_ms,
    records.llm as llm_ms,
    records.tts as tts_ms,
    records.total as total_ms,
    round(
        records.total - coalesce(records.asr, 0) - coalesce(records.llm, 0) - coalesce(records.tts, 0), 3
    ) as unexplained_ms,
    measured(records.tokens_in) as tokens_in,
    measured(records.tokens_out) as tokens_out,
    measured(records.asr_confidence) as asr_confidence,
    records.error,
    error_stage_of(records.error, records.asr, records.llm, records.tts) as error_stage,
    records.tts_provider,
    records.tts_voice,
    records.tts_rate,
    records.tts_pitch,
    semitones(records.tts_pitch) as tts_pitch_semitones,
    records.tts_style,
    records.audio_encoding,
    records.tts_fallback_count,
    records.audio_transcode_ms,
    records.sentence_chunks,
    records.chunk_pause_ms,
    records.barge_in_triggered,
    records.source_file,
    records.source_row
from records
left join modules on records.source_file = modules.source_file and records.source_row = modules.source_row;
