-- The learning module that a turn's caller names in other calls: that of the nearest interaction of the caller in time,
-- less than 30 days before or after. When two are equally near, the earlier one counts.
-- Grain: one turn of internal.open_turns whose call names no module, and whose caller names one. distance_s: from the
-- turn to the interaction.
create or replace view internal.caller_modules as
with

turns_without_module as not materialized (
    select
        open_turns.turn_at,
        open_turns.source_file,
        open_turns.source_row,
        open_turns.phone_number,
        cast(open_turns.turn_at as date) as turn_day,
        cast(floor(date_diff('day', date '1970-01-01', cast(open_turns.turn_at as date)) / 30) as bigint) as turn_month
    from internal.open_turns
    left join internal.call_modules
    on
        open_turns.turn_at = call_modules.turn_at
        and open_turns.source_file = call_modules.source_file
        and open_turns.source_row = call_modules.source_row
    where call_modules.module_name is null
),

month_offsets (months) as (
    values (-1), (0), (1)
),

turn_months as (
    select
        turns_without_module.turn_at,
        turns_without_module.source_file,
        turns_without_module.source_row,
        turns_without_module.phone_number,
        turns_without_module.turn_day,
        turns_without_module.turn_month + month_offsets.months as mention_month
    from turns_without_module
    cross join month_offsets
),

-- Of the turn's own day each mention counts, of another day only the nearer end.
candidates as (
    select
        turns_without_module.turn_at,
        turns_without_module.source_file,
        turns_without_module.source_row,
        mentions.module_name,
        mentions.mentioned_at
    from turns_without_module
    inner join internal.mentions_by_log as mentions
    on
        turns_without_module.phone_number = mentions.phone_number
        and turns_without_module.turn_day = mentions.mention_day

    union all

    select
        turn_months.turn_at,
        turn_months.source_file,
        turn_months.source_row,
        case when days.mention_day < turn_months.turn_day then days.last_module else days.first_module end
            as module_name,
        case when days.mention_day < turn_months.turn_day then days.last_at else days.first_at end as mentioned_at
    from turn_months
    inner join internal.mention_days_by_log as days
    on turn_months.phone_number = days.phone_number and turn_months.mention_month = days.mention_month
    where days.mention_day <> turn_months.turn_day
),

distances as (
    select
        turn_at,
        source_file,
        source_row,
        module_name,
        twice_distance_us(turn_at, mentioned_at) as twice_distance_us
    from candidates
)

select
    turn_at,
    source_file,
    source_row,
    arg_min(module_name, (twice_distance_us, module_name)) as module_name,
    floor(min(twice_distance_us) / 2) / 1000000 as distance_s
from distances
where twice_distance_us < 2 * 2592000000000
group by turn_at, source_file, source_row;
