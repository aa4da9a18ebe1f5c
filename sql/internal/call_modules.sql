-- The learning module that a turn's own call names: that of the nearest interaction of the call in time, less than four
-- hours before or after. When two are equally near, the earlier one counts.
-- Grain: one turn of internal.open_turns whose call names a module.
create or replace view internal.call_modules as
with

-- A join on the day lets DuckDB skip the rollups of other days.
turn_days as (
    select
        turn_at,
        source_file,
        source_row,
        call_id,
        cast(turn_at - interval 4 hours as date) as mention_day
    from internal.open_turns

    union all

    select
        turn_at,
        source_file,
        source_row,
        call_id,
        cast(turn_at + interval 4 hours as date) as mention_day
    from internal.open_turns
    where cast(turn_at + interval 4 hours as date) > cast(turn_at - interval 4 hours as date)
),

distances as (
    select
        turn_days.turn_at,
        turn_days.source_file,
        turn_days.source_row,
        mentions.module_name,
        mentions.mentioned_at > turn_days.turn_at as is_after,
        abs(epoch(mentions.mentioned_at - turn_days.turn_at)) as distance_s
    from turn_days
    inner join internal.mentions_by_log as mentions
        on turn_days.call_id = mentions.call_id and turn_days.mention_day = mentions.mention_day
)

select
    turn_at,
    source_file,
    source_row,
    arg_min(module_name, (distance_s, is_after, module_name)) as module_name
from distances
where distance_s < 14400
group by turn_at, source_file, source_row;
