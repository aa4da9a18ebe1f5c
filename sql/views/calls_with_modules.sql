-- The calls in which an interaction names a learning module.
-- Grain: one call.
create or replace view calls_with_modules as
select distinct call_key
from module_mentions
where call_key is not null;
