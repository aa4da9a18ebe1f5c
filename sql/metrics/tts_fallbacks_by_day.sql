-- Turns that needed a fallback to be spoken, day by day.
-- Grain: one day, cut in timezone, with turns that state a fallback count. Rate in percent of these.
create or replace macro tts_fallbacks_by_day(
    since := timestamp '-infinity', until := timestamp 'infinity', timezone := 'UTC'
) as table
select
    day,
    count(*) as turns,
    count(*) filter (where tts_fallback_count > 0) as fallbacks,
    100.0 * count(*) filter (where tts_fallback_count > 0) / count(*) as fallback_rate_percent
from tts_turns(since := since, until := until, timezone := timezone)
where tts_fallback_count is not null
group by day
order by day;
