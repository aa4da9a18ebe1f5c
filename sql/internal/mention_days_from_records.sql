-- The first and the last learning module that each caller names on a day, in the logs that have no rollups.
-- Grain: one caller, day and log. Of another day only these can be the nearest to a turn. Of several modules named at
-- the same instant, the first by name counts. mention_month (30 days, counted from 1970) is a join key: it lets DuckDB
-- skip the rollups of other times.
create or replace view internal.mention_days_from_records as
select
    phone_number,
    mention_day,
    cast(floor(date_diff('day', date '1970-01-01', mention_day) / 30) as bigint) as mention_month,
    min(mentioned_at) as first_at,
    arg_min(module_name, (mentioned_at, module_name)) as first_module,
    max(mentioned_at) as last_at,
    arg_min(module_name, (-epoch_us(mentioned_at), module_name)) as last_module,
    source_file
from internal.mentions_from_records
where phone_number is not null
group by phone_number, mention_day, source_file;
