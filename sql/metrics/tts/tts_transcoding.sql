-- How long converting the audio takes, by the encoding that it is sent in.
-- Grain: one encoding, the most used first.
-- Parameters:
--   since, until: range in UTC, half-open.
-- Columns:
--   encoding: output audio format.
--   turns: number of turns that state a time of conversion.
--   transcoded: those in which it took any time.
--   p50_ms: median time of these, in ms.
--   p95_ms: 95th percentile of the same, in ms.
--   share_percent: conversion in percent of tts_ms, over the turns with both.
create or replace macro tts_transcoding(since timestamp := null, until timestamp := null) as table
select
    encoding,
    count(*) as turns,
    count(*) filter (where audio_transcode_ms > 0) as transcoded,
    percentile(case when audio_transcode_ms > 0 then audio_transcode_ms end, 0.50) as p50_ms,
    percentile(case when audio_transcode_ms > 0 then audio_transcode_ms end, 0.95) as p95_ms,
    rounded(100 * sum(audio_transcode_ms) filter (where tts_ms is not null) / sum(tts_ms), 6) as share_percent
from internal.spoken_turns(since := since, until := until)
where audio_transcode_ms is not null
group by encoding
order by turns desc, encoding asc;
