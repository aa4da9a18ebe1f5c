-- The turns that state how they were spoken, with the settings that make up their configuration.
-- Grain: one turn with a tts_provider.
-- Parameters: since and until, in UTC, half-open; by, the settings that count, comma-separated; others are NULL.
create or replace macro internal.spoken_turns(
    since timestamp := null,
    until timestamp := null,
    "by" varchar := 'provider,voice,rate,pitch,style,encoding,pause'
) as table
select
    turn_at,
    call_id,
    if_named('provider', "by", tts_provider) as provider,
    if_named('voice', "by", tts_voice) as voice,
    if_named('rate', "by", tts_rate) as rate,
    if_named('pitch', "by", tts_pitch) as pitch,
    if_named('style', "by", tts_style) as style,
    if_named('encoding', "by", audio_encoding) as encoding,
    if_named('pause', "by", chunk_pause_ms) as pause,
    tts_ms,
    total_ms,
    tokens_out,
    sentence_chunks,
    barge_in_triggered,
    tts_fallback_count,
    audio_transcode_ms,
    error_stage,
    source_file,
    source_row
from internal.turn_timings
where tts_provider is not null and in_range(turn_at, since, until);
