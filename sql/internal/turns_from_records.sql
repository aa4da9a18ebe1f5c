-- Turns of the logs that have no rollups, without their learning module.
-- Grain: one turn_metrics record. Times in ms; NULL when the stage did not run.
create or replace view internal.turns_from_records as
with

records as (
    select
        *,
        positive_or_null(asr_ms) as asr,
        positive_or_null(llm_ms) as llm,
        positive_or_null(tts_ms) as tts,
        positive_or_null(total_ms) as total
    from internal.unrolled_records
    where interaction_type = 'turn_metrics'
)

select
    timestamp as turn_at,
    phone_number,
    coalesce(call_id, session_id) as call_id,
    turn,
    asr as asr_ms,
    llm as llm_ms,
    tts as tts_ms,
    total as total_ms,
    rounded(total - coalesce(asr, 0) - coalesce(llm, 0) - coalesce(tts, 0), 3) as unattributed_ms,
    positive_or_null(tokens_in) as tokens_in,
    positive_or_null(tokens_out) as tokens_out,
    positive_or_null(asr_confidence) as asr_confidence,
    error,
    error_stage_of(error, asr, llm, tts) as error_stage,
    tts_provider,
    tts_voice,
    tts_rate,
    tts_pitch,
    semitones(tts_pitch) as tts_pitch_semitones,
    tts_style,
    audio_encoding,
    tts_fallback_count,
    audio_transcode_ms,
    sentence_chunks,
    chunk_pause_ms,
    barge_in_triggered,
    source_file,
    source_row
from records;
