-- What converting the audio costs, by the encoding that it is sent in.
-- Grain: one audio_encoding, the most used first. turns: those that state a transcoding time; transcoded: those in
-- which it took any. Times in ms, p50 and p95 over the transcoded turns. share_percent: the transcoding's part of
-- the tts_ms of turns that have both, rounded: its last digits would differ with the order of adding up.
create or replace macro tts_transcoding(
    since := timestamp '-infinity', until := timestamp 'infinity'
) as table
select
    encoding,
    count(*) as turns,
    count(*) filter (where audio_transcode_ms > 0) as transcoded,
    percentile_cont(0.50) within group (order by case when audio_transcode_ms > 0 then audio_transcode_ms end)
        as p50_ms,
    percentile_cont(0.95) within group (order by case when audio_transcode_ms > 0 then audio_transcode_ms end)
        as p95_ms,
    round(100 * sum(audio_transcode_ms) filter (where tts_ms is not null) / sum(tts_ms), 6) as share_percent
from tts_turns(since := since, until := until)
where audio_transcode_ms is not null
group by encoding
order by turns desc, encoding asc;
