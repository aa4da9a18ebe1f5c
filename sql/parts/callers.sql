-- The callers, put together from what each log tells of them.
-- Grain: one phone number. Columns as in the view of the same name.
select
    phone_number,
    min(first_at) as first_at,
    max(last_at) as last_at
from part_callers
group by phone_number
