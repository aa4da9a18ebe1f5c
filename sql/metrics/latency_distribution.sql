-- How the times of each stage are distributed, over bins that are equally wide on a logarithmic axis.
-- Grain: one stage and bin, from from_ms up to but not to_ms; bins_per_decade of them between 100 ms and 1,000 ms, as
-- everywhere. Empty bins are absent. Percent of the turns in which the stage ran.
create or replace macro latency_distribution(
    since := timestamp '-infinity', until := timestamp 'infinity', bins_per_decade := 20
) as table
with

turns_in_range as (
    select
        asr_ms,
        llm_ms,
        tts_ms,
        total_ms
    from turns
    where turn_at >= since and turn_at < until
),

stages (position, stage) as (
    values (1, 'asr'), (2, 'llm'), (3, 'tts'), (4, 'total')
),

stage_times as (
    select
        stages.position,
        stages.stage,
        case stages.stage
            when 'asr' then turns_in_range.asr_ms
            when 'llm' then turns_in_range.llm_ms
            when 'tts' then turns_in_range.tts_ms
            else turns_in_range.total_ms
        end as ms
    from turns_in_range
    cross join stages
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
    100.0 * turns / sum(turns) over (partition by stage) as share_percent
from bins
order by position, bin;
