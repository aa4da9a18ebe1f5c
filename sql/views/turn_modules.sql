-- The learning module that each turn belongs to; the log calls every turn's module 'metrics'.
-- Grain: one turn. It is the module of the interactions of the turn's call (module_source 'call'; of several, the
-- nearest in time), else of the nearest interaction of its caller ('caller'); turns for which neither tells one are
-- not here. Most calls keep to one module, so that only the others' turns are searched for (see searched_modules).
create or replace view turn_modules as
select
    turn_timings.source_file,
    turn_timings.source_row,
    'call' as module_source,
    call_modules.first_module as module_name
from turn_timings
inner join call_modules on turn_timings.call_id = call_modules.call_key
where call_modules.first_module = call_modules.last_module

union all

select
    source_file,
    source_row,
    module_source,
    module_name
from searched_modules;
