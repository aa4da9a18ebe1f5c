-- The learning module that a turn's own call names: that of the nearest interaction of the call in time, less than four
-- hours before or after. When two are equally near, the earlier one counts.
-- Grain: one turn of internal.open_turns whose call names a module. distance_s: from the turn to the interaction.
create or replace view internal.call_modules as
with

hour_offsets (hours) as (
    values (-4), (4)
),

-- A join on the day lets DuckDB skip the rollups of other days.
turn_days as (
    select
        open_turns.turn_at,
        open_turns.source_file,
        open_turns.source_row,
        open_turns.call_id,
        cast(open_turns.turn_at + hour_offsets.hours * interval 1 hour as date) as mention_day
    from internal.open_turns
    cross join hour_offsets
    where
        hour_offsets.hours < 0
        or cast(open_turns.turn_at + interval 4 hours as date) > cast(open_turns.turn_at - interval 4 hours as date)
),

distances as (
    select
        turn_days.turn_at,
        turn_days.source_file,
        turn_days.source_row,
        mentions.module_name,
        twice_distance_us(turn_days.turn_at, mentions.mentioned_at) as twice_distance_us
    from turn_days
    inner join internal.mentions_by_log as mentions
    on turn_days.call_id = mentions.call_id and turn_days.mention_day = mentions.mention_day
)

select
    turn_at,
    source_file,
    source_row,
    arg_min(module_name, (twice_distance_us, module_name)) as module_name,
    floor(min(twice_distance_us) / 2) / 1000000 as distance_s
from distances
where twice_distance_us < 2 * 14400000000
group by turn_at, source_file, source_row;
