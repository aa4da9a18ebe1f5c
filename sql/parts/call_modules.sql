-- The learning modules that the interactions of a call name, put together from what each log tells of them.
-- Grain: one call in which one was named. Columns as in the view of the same name.
select
    call_key,
    min(first_module) as first_module,
    max(last_module) as last_module
from part_call_modules
group by call_key
