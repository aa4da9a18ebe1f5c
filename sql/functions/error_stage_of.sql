-- The stage that failed in a turn: asr, llm, tts or unknown; NULL when there was no error.
-- By the message's words first. Deepgram serves both ends of a turn: it is the recogniser when
-- the language model never ran, else the voice. Without a telling word, the first stage that did not run.
create or replace macro error_stage_of(message, asr, llm, tts) as
case
    when coalesce(trim(message), '') = '' then null
    when regexp_matches(lower(message), '(\b|_)(tts|aura|synthesis|text.to.speech|transcod\w*|ffmpeg|twilio.say)(\b|_)')
        then 'tts'
    when regexp_matches(lower(message), '(\b|_)(asr|stt|whisper|transcri\w*|recogni\w*)(\b|_)|speech.to.text')
        then 'asr'
    when regexp_matches(lower(message), '(\b|_)(llm|llama|gpt\S*|openai|completion|rate.limit|language model)(\b|_)')
        then 'llm'
    when contains(lower(message), 'deepgram') then case when llm is null then 'asr' else 'tts' end
    when asr is null then 'asr'
    when llm is null then 'llm'
    when tts is null then 'tts'
    else 'unknown'
end;
