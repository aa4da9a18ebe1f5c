-- When each caller was active, put together from what each log tells of it.
-- Grain: one caller and quarter of an hour. Columns as in the metric of the same name.
select
    phone_number,
    quarter_at,
    min(first_at) as first_at,
    cast(sum(records) as bigint) as records,
    cast(sum(turns) as bigint) as turns
from part_caller_quarters
group by phone_number, quarter_at
