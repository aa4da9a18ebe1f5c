-- How the times of each stage are distributed, over bins that are equally wide on a logarithmic axis.
-- Grain: one stage and bin; empty bins are absent.
-- Parameters:
--   since, until: range in UTC, half-open.
--   bins_per_decade: number of bins from 100 ms to 1,000 ms, and in every other decade.
-- Columns:
--   stage: 'asr', 'llm', 'tts' or 'total'.
--   from_ms: lower end of the bin, in ms, inclusive.
--   to_ms: upper end of the bin, in ms, exclusive.
--   turns: number of turns.
--   share_percent: in percent of the turns in which the stage ran.
create or replace macro latency_distribution(
    since timestamp := null, until timestamp := null, bins_per_decade integer := 20
) as table
with

turns_in_range as (
    select
        asr_ms,
        llm_ms,
        tts_ms,
        total_ms
    from internal.turn_timings
    where in_range(turn_at, since, until)
),

stage_times (position, stage, ms) as (
    select 1, 'asr', asr_ms from turns_in_range
    union all
    select 2, 'llm', llm_ms from turns_in_range
    union all
    select 3, 'tts', tts_ms from turns_in_range
    union all
    select 4, 'total', total_ms from turns_in_range
),

bins as (
    select
        position,
        stage,
        floor(log10(ms) * bins_per_decade) as bin,
        count(*) as turns
    from stage_times
    where ms is not null
    group by position, stage, bin
)

select
    stage,
    power(10, bin / bins_per_decade) as from_ms,
    power(10, (bin + 1) / bins_per_decade) as to_ms,
    turns,
    percent_of(turns, sum(turns) over (partition by stage)) as share_percent
from bins
order by position, bin;
