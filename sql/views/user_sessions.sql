-- Every record of the logs, as the specification types it.
-- Grain: one log record. Instants are naive UTC. An invalid cell is NULL here and listed in ingest_cells.
-- Columns:
--   source_file: the log file.
--   source_row: number of the record in that file, from 1.
create or replace view user_sessions as
select
    timestamp,
    phone_number,
    session_id,
    module_name,
    interaction_type,
    user_input,
    ai_response,
    session_duration,
    emotional_data,
    gamification_data,
    call_id,
    turn,
    asr_ms,
    llm_ms,
    tts_ms,
    total_ms,
    tokens_in,
    tokens_out,
    asr_confidence,
    error,
    tts_provider,
    tts_voice,
    tts_rate,
    tts_pitch,
    tts_style,
    audio_encoding,
    tts_fallback_count,
    audio_transcode_ms,
    sentence_chunks,
    chunk_pause_ms,
    barge_in_triggered,
    source_file,
    source_row
from internal.log_records;
