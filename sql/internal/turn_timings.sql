-- Turns without their learning module, for metrics that don't need it.
-- Grain: one turn_metrics record. Finding modules takes longer than reading turns.
create or replace view internal.turn_timings as
select
    turn_at,
    phone_number,
    call_id,
    turn,
    asr_ms,
    llm_ms,
    tts_ms,
    total_ms,
    unattributed_ms,
    tokens_in,
    tokens_out,
    asr_confidence,
    error,
    error_stage,
    tts_provider,
    tts_voice,
    tts_rate,
    tts_pitch,
    tts_pitch_semitones,
    tts_style,
    audio_encoding,
    tts_fallback_count,
    audio_transcode_ms,
    sentence_chunks,
    chunk_pause_ms,
    barge_in_triggered,
    source_file,
    source_row
from internal.turns_by_log;
