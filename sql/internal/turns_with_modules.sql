-- Turns with their learning module, and how far it depends on the logs around.
-- Grain: one turn_metrics record. module_reach_s: seconds before and after the turn in which another log could name a
-- nearer module; NULL when no module is known.
create or replace view internal.turns_with_modules as
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
    source_row,
    module_reach_s
from internal.turns_by_log
where
    epoch(turn_at) - module_reach_s > epoch(others_until)
    and epoch(turn_at) + module_reach_s < epoch(others_since)

union all

select
    open_turns.turn_at,
    open_turns.phone_number,
    open_turns.call_id,
    open_turns.turn,
    coalesce(call_modules.module_name, caller_modules.module_name) as module_name,
    case
        when call_modules.module_name is not null then 'call'
        when caller_modules.module_name is not null then 'caller'
        else 'none'
    end as module_source,
    open_turns.asr_ms,
    open_turns.llm_ms,
    open_turns.tts_ms,
    open_turns.total_ms,
    open_turns.unattributed_ms,
    open_turns.tokens_in,
    open_turns.tokens_out,
    open_turns.asr_confidence,
    open_turns.error,
    open_turns.error_stage,
    open_turns.tts_provider,
    open_turns.tts_voice,
    open_turns.tts_rate,
    open_turns.tts_pitch,
    open_turns.tts_pitch_semitones,
    open_turns.tts_style,
    open_turns.audio_encoding,
    open_turns.tts_fallback_count,
    open_turns.audio_transcode_ms,
    open_turns.sentence_chunks,
    open_turns.chunk_pause_ms,
    open_turns.barge_in_triggered,
    open_turns.source_file,
    open_turns.source_row,
    case
        when call_modules.module_name is not null then call_modules.distance_s
        when caller_modules.module_name is not null then greatest(caller_modules.distance_s, 14400)
    end as module_reach_s
from internal.open_turns
left join internal.call_modules
on
    open_turns.turn_at = call_modules.turn_at
    and open_turns.source_file = call_modules.source_file
    and open_turns.source_row = call_modules.source_row
left join internal.caller_modules
on
    open_turns.turn_at = caller_modules.turn_at
    and open_turns.source_file = caller_modules.source_file
    and open_turns.source_row = caller_modules.source_row;
