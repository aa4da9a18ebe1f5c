-- The stage that failed in a turn: 'asr', 'llm', 'tts' or 'unknown'; NULL without an error.
-- The words of the message decide first. Deepgram serves both ends of a turn: it is the recognizer when the language
-- model did not run, else the voice. Otherwise it is the first stage that did not run.
create or replace macro error_stage_of(message, asr, llm, tts) as
case
    when blank(message) then null
    when regexp_matches(
        lower_ascii(message),
        '(^|[^0-9a-z])((tts|aura|synthesis|text[^\n]to[^\n]speech|ffmpeg|twilio[^\n]say)([^0-9a-z]|\z)|transcod)'
    ) then 'tts'
    when regexp_matches(
        lower_ascii(message),
        '(^|[^0-9a-z])((asr|stt|whisper)([^0-9a-z]|\z)|transcri|recogni)|speech[^\n]to[^\n]text'
    ) then 'asr'
    when regexp_matches(
        lower_ascii(message),
        '(^|[^0-9a-z])((llm|llama|openai|completion|rate[^\n]limit|language model)([^0-9a-z]|\z)|gpt)'
    ) then 'llm'
    when contains(lower_ascii(message), 'deepgram') then case when llm is null then 'asr' else 'tts' end
    when asr is null then 'asr'
    when llm is null then 'llm'
    when tts is null then 'tts'
    else 'unknown'
end;
