-- The turns that state how they were spoken, each with its configuration.
-- Grain: one turn with a tts_provider. Turns with equal settings have the same configuration.
-- Parameters:
--   since, until: range in UTC, half-open.
--   timezone: time zone of day and hour.
--   by: the settings that count, comma-separated; the others are NULL.
-- Columns:
--   configuration: number of the configuration; 1 is the most used.
--   turn_at: instant of the turn, UTC.
--   call_id: Twilio's call id.
--   day: date.
--   hour: 0 to 23.
--   module_name: learning module.
--   provider: service that spoke the answer.
--   voice: voice model.
--   rate: speech rate; 1 is normal.
--   pitch: pitch adjustment, as logged.
--   style: style setting.
--   encoding: output audio format.
--   pause: pause between sentence chunks, in ms.
--   tts_ms: time of the speech synthesis, in ms.
--   total_ms: time of the whole turn, in ms.
--   tokens_out: tokens of the answer.
--   sentence_chunks: number of sentence chunks.
--   barge_in_triggered: whether the caller interrupted.
--   tts_fallback_count: number of fallback attempts.
--   audio_transcode_ms: time of the audio conversion, in ms.
--   error_stage: stage that failed.
create or replace macro tts_turns(
    since timestamp := null,
    until timestamp := null,
    timezone varchar := 'UTC',
    "by" varchar := 'provider,voice,rate,pitch,style,encoding,pause'
) as table
with

spoken_turns as (
    select
        turn_at,
        quarter_of(turn_at) as quarter_at,
        call_id,
        module_name,
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
    from turns
    where tts_provider is not null and in_range(turn_at, since, until)
),

-- The local time of each quarter of an hour, not of each turn: time zones are slow.
distinct_quarters as (
    select distinct quarter_of(turn_at) as quarter_at
    from internal.spoken_turns(since := since, until := until)
),

quarters as (
    select
        quarter_at,
        local_time(quarter_at, timezone) as local_at
    from distinct_quarters
),

configurations as (
    select
        provider,
        voice,
        rate,
        pitch,
        style,
        encoding,
        pause,
        row_number() over (
            order by count(*) desc, provider asc, voice asc, rate asc, pitch asc, style asc, encoding asc, pause asc
        ) as configuration
    from internal.spoken_turns(since := since, until := until, "by" := "by")
    group by provider, voice, rate, pitch, style, encoding, pause
)

select
    configurations.configuration,
    spoken_turns.turn_at,
    spoken_turns.call_id,
    cast(quarters.local_at as date) as day,
    hour(quarters.local_at) as hour,
    spoken_turns.module_name,
    spoken_turns.provider,
    spoken_turns.voice,
    spoken_turns.rate,
    spoken_turns.pitch,
    spoken_turns.style,
    spoken_turns.encoding,
    spoken_turns.pause,
    spoken_turns.tts_ms,
    spoken_turns.total_ms,
    spoken_turns.tokens_out,
    spoken_turns.sentence_chunks,
    spoken_turns.barge_in_triggered,
    spoken_turns.tts_fallback_count,
    spoken_turns.audio_transcode_ms,
    spoken_turns.error_stage
from spoken_turns
inner join quarters on spoken_turns.quarter_at = quarters.quarter_at
inner join configurations
    on spoken_turns.provider is not distinct from configurations.provider
    and spoken_turns.voice is not distinct from configurations.voice
    and spoken_turns.rate is not distinct from configurations.rate
    and spoken_turns.pitch is not distinct from configurations.pitch
    and spoken_turns.style is not distinct from configurations.style
    and spoken_turns.encoding is not distinct from configurations.encoding
    and spoken_turns.pause is not distinct from configurations.pause
order by spoken_turns.turn_at, spoken_turns.source_file, spoken_turns.source_row;
