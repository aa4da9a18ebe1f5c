-- The turns that say how they were spoken, each with its configuration: what configurations are compared on.
-- Grain: one turn with a tts_provider. A configuration is what agrees in all the settings that are named, of provider,
-- voice, rate, pitch, style, encoding and pause; those that are not named are NULL.
-- configuration: its number, 1 for the most used. day and hour: of timezone. Times and pause in ms.
create or replace macro tts_turns(
    since := timestamp '-infinity',
    until := timestamp 'infinity',
    timezone := 'UTC',
    settings := 'provider,voice,rate,pitch,style,encoding,pause'
) as table
with

spoken_turns as (
    select
        turn_at,
        source_file,
        source_row,
        call_id,
        cast(local_time(turn_at, timezone) as date) as day,
        hour(local_time(turn_at, timezone)) as hour,
        module_name,
        case when list_contains(string_split(settings, ','), 'provider') then tts_provider end as provider,
        case when list_contains(string_split(settings, ','), 'voice') then tts_voice end as voice,
        case when list_contains(string_split(settings, ','), 'rate') then tts_rate end as rate,
        case when list_contains(string_split(settings, ','), 'pitch') then tts_pitch end as pitch,
        case when list_contains(string_split(settings, ','), 'style') then tts_style end as style,
        case when list_contains(string_split(settings, ','), 'encoding') then audio_encoding end as encoding,
        case when list_contains(string_split(settings, ','), 'pause') then chunk_pause_ms end as pause,
        tts_ms,
        total_ms,
        tokens_out,
        sentence_chunks,
        barge_in_triggered,
        tts_fallback_count,
        audio_transcode_ms,
        error_stage
    from turns
    where tts_provider is not null and turn_at >= since and turn_at < until
),

counted_turns as (
    select
        *,
        count(*) over (partition by provider, voice, rate, pitch, style, encoding, pause) as turns
    from spoken_turns
)

select
    dense_rank() over (
        order by turns desc, provider asc, voice asc, rate asc, pitch asc, style asc, encoding asc, pause asc
    ) as configuration,
    * exclude (turns, source_file, source_row)
from counted_turns
order by turn_at, source_file, source_row;
