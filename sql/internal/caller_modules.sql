-- The learning module that a turn's caller names in other calls: that of the nearest interaction of the caller in time,
-- less than 30 days before or after. When two are equally near, the earlier one counts.
-- Grain: one turn of internal.open_turns whose call names no module, and whose caller names one.
create or replace view internal.caller_modules as
with

turns_without_module as (
    select
        open_turns.turn_at,
        open_turns.source_file,
        open_turns.source_row,
        open_turns.phone_number
    from internal.open_turns
    left join internal.call_modules
        on open_turns.turn_at = call_modules.turn_at
        and open_turns.source_file = call_modules.source_file
        and open_turns.source_row = call_modules.source_row
    where call_modules.module_name is null
),

neighbours (month_offset) as (
    values (-1), (0), (1)
),

-- A join on 30 days lets DuckDB skip the rollups of other times.
turn_months as (
    select
        turns_without_module.*, -- noqa: AM04
        cast(floor(epoch(turns_without_module.turn_at) / 2592000) as bigint) + neighbours.month_offset as mention_month
    from turns_without_module
    cross join neighbours
),

distances as (
    select
        turn_months.turn_at,
        turn_months.source_file,
        turn_months.source_row,
        mentions.module_name,
        -- Twice the distance in microseconds, and one more after the turn: the earlier of two equally near ones is first.
        2 * abs(date_diff('microsecond', turn_months.turn_at, mentions.mentioned_at))
        + case when mentions.mentioned_at > turn_months.turn_at then 1 else 0 end as twice_distance_us
    from turn_months
    inner join internal.mentions_by_log as mentions
        on turn_months.phone_number = mentions.phone_number and turn_months.mention_month = mentions.mention_month
)

select
    turn_at,
    source_file,
    source_row,
    arg_min(module_name, (twice_distance_us, module_name)) as module_name
from distances
where twice_distance_us < 2 * 2592000000000
group by turn_at, source_file, source_row;
