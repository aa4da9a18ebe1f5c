-- The turns of the calls, with their timings and the learning module that each belongs to.
-- Grain: one turn_metrics record. The log calls the module of every turn 'metrics'. The learning module is that of the
-- nearest interaction of the call (less than four hours away), else of the nearest of the caller (less than 30 days).
-- Columns:
--   turn_at: instant of the turn, UTC.
--   phone_number: the caller.
--   call_id: Twilio's call id.
--   turn: number of the turn in its call, as logged.
--   module_name: the learning module; NULL when none is known.
--   module_source: what names the module: 'call', 'caller' or 'none'.
--   asr_ms: time of the speech recognition, in ms; NULL when it did not run.
--   llm_ms: time of the language model, in ms; NULL when it did not run.
--   tts_ms: time of the speech synthesis, in ms; NULL when it did not run.
--   total_ms: processing time of the whole turn, in ms.
--   unattributed_ms: processing time that no stage accounts for, in ms.
--   tokens_in: tokens sent to the language model.
--   tokens_out: tokens that it answered with.
--   asr_confidence: confidence of the speech recognition, from 0 to 1.
--   error: error message, as logged.
--   error_stage: the stage that failed: 'asr', 'llm', 'tts' or 'unknown'; NULL without an error.
--   tts_provider: service that spoke the answer.
--   tts_voice: voice model.
--   tts_rate: speech rate; 1 is normal.
--   tts_pitch: pitch adjustment, as logged.
--   tts_pitch_semitones: pitch adjustment, in semitones.
--   tts_style: style setting.
--   audio_encoding: output audio format.
--   tts_fallback_count: number of fallback attempts.
--   audio_transcode_ms: time of the audio conversion, in ms.
--   sentence_chunks: number of sentence chunks.
--   chunk_pause_ms: pause between chunks, in ms.
--   barge_in_triggered: whether the caller interrupted the answer.
--   source_file: the log file.
--   source_row: number of the record in that file, from 1.
create or replace view turns as
select
    turn_at,
    phone_number,
    call_id,
    turn,
    module_name,
    module_source,
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
from internal.turns_with_modules;
