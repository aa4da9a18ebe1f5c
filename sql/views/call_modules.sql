-- The learning modules that the interactions of a call name: the first and the last of them by name.
-- Grain: one call in which one was named. Most calls keep to one, which is then both.
create or replace view call_modules as
select
    call_key,
    min(module_name) as first_module,
    max(module_name) as last_module
from module_mentions
where call_key is not null
group by call_key;
