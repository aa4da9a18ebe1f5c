-- The turns of the calls with their timings, and the learning module that each belongs to.
-- Grain: one turn_metrics record. Times in ms; NULL where the stage did not run.
-- The log calls every turn's module 'metrics'. Its learning module is that of the nearest
-- interaction in time, before or after: of its call, else of its caller (see module_source).
create or replace view turns as
with

records as (
    select
        *,
        coalesce(call_id, session_id) as call_key,
        coalesce(interaction_type = 'turn_metrics', false) as is_turn,
        case when coalesce(interaction_type <> 'turn_metrics', true) then module_name end as learning_module
    from user_sessions
),

-- Sorted so that an interaction of the same instant counts as before the turn.
neighbours as (
    select
        *,
        last_value(learning_module ignore nulls) over call_before as call_module_before,
        max(case when learning_module is not null then timestamp end) over call_before as call_before_at,
        first_value(learning_module ignore nulls) over call_after as call_module_after,
        min(case when learning_module is not null then timestamp end) over call_after as call_after_at,
        last_value(learning_module ignore nulls) over caller_before as caller_module_before,
        max(case when learning_module is not null then timestamp end) over caller_before as caller_before_at,
        first_value(learning_module ignore nulls) over caller_after as caller_module_after,
        min(case when learning_module is not null then timestamp end) over caller_after as caller_after_at
    from records
    window
        call_before as (
            partition by call_key order by timestamp, learning_module nulls last
            rows between unbounded preceding and current row
        ),
        call_after as (
            partition by call_key order by timestamp, learning_module nulls last
            rows between current row and unbounded following
        ),
        caller_before as (
            partition by phone_number order by timestamp, learning_module nulls last
            rows between unbounded preceding and current row
        ),
        caller_after as (
            partition by phone_number order by timestamp, learning_module nulls last
            rows between current row and unbounded following
        )
),

attributed as (
    select
        *,
        case
            when call_key is null then null
            when call_module_before is null then call_module_after
            when call_after_at is null or timestamp - call_before_at <= call_after_at - timestamp
                then call_module_before
            else call_module_after
        end as call_module,
        case
            when phone_number is null then null
            when caller_module_before is null then caller_module_after
            when caller_after_at is null or timestamp - caller_before_at <= caller_after_at - timestamp
                then caller_module_before
            else caller_module_after
        end as caller_module,
        measured(asr_ms) as asr,
        measured(llm_ms) as llm,
        measured(tts_ms) as tts,
        measured(total_ms) as total
    from neighbours
    where is_turn
)

select
    timestamp as turn_at,
    phone_number,
    call_key as call_id,
    turn,
    coalesce(call_module, caller_module) as module_name,
    case
        when call_module is not null then 'call'
        when caller_module is not null then 'caller'
        else 'none'
    end as module_source,
    asr as asr_ms,
    llm as llm_ms,
    tts as tts_ms,
    total as total_ms,
    round(total - coalesce(asr, 0) - coalesce(llm, 0) - coalesce(tts, 0), 3) as unexplained_ms,
    measured(tokens_in) as tokens_in,
    measured(tokens_out) as tokens_out,
    measured(asr_confidence) as asr_confidence,
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
from attributed;
