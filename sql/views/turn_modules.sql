-- The learning module that each turn belongs to; the log calls every turn's module 'metrics'.
-- Grain: one turn. It is the module of the nearest interaction in time, before or after, of the turn's
-- call (module_source 'call'), else of its caller ('caller'); 'none' where neither tells one. As near on
-- both sides, the one before counts.
-- Most calls keep to one module, so that only the others' turns, and those without any, are sorted by time.
create or replace view turn_modules as
with

turn_keys as (
    select
        call_id as call_key,
        phone_number,
        turn_at as timestamp,
        source_file,
        source_row
    from turn_timings
),

told_modules as (
    select
        call_key,
        timestamp,
        module_name
    from module_mentions
    where call_key is not null
),

call_modules as (
    select
        call_key,
        min(module_name) as first_module,
        max(module_name) as last_module
    from told_modules
    group by call_key
),

turns_of_calls as (
    select
        turn_keys.*,
        call_modules.first_module,
        call_modules.last_module,
        call_modules.first_module = call_modules.last_module as is_told
    from turn_keys
    left join call_modules on turn_keys.call_key = call_modules.call_key
),

-- What is to be found by time: by call where its interactions differ, by caller where it has none.
searched_turns as (
    select
        source_file,
        source_row,
        timestamp,
        case when is_told is null then 'caller' else 'call' end as module_source,
        case when is_told is null then phone_number else call_key end as searched_key
    from turns_of_calls
    where not coalesce(is_told, false)
),

searched_calls as (
    select call_key as searched_key
    from call_modules
    where first_module <> last_module
),

searched_callers as (
    select
        searched_key,
        min(timestamp) as first_at,
        max(timestamp) as last_at,
        count(*) > count(timestamp) as is_undated
    from searched_turns
    where module_source = 'caller' and searched_key is not null
    group by searched_key
),

-- Of what a caller said in years, the part that can be nearest: from the last before these turns to the first after.
caller_spans as (
    select
        searched_callers.searched_key,
        bool_or(searched_callers.is_undated) as is_undated,
        max(module_mentions.timestamp) filter (
            where module_mentions.timestamp <= searched_callers.first_at
        ) as last_before,
        min(module_mentions.timestamp) filter (
            where module_mentions.timestamp >= searched_callers.last_at
        ) as first_after
    from searched_callers
    inner join module_mentions on searched_callers.searched_key = module_mentions.phone_number
    group by searched_callers.searched_key
),

timeline as (
    select
        source_file,
        source_row,
        module_source,
        searched_key,
        timestamp,
        cast(null as varchar) as module_name
    from searched_turns
    where searched_key is not null

    union all

    select
        cast(null as varchar) as source_file,
        cast(null as bigint) as source_row,
        'call' as module_source,
        searched_calls.searched_key,
        told_modules.timestamp,
        told_modules.module_name
    from told_modules
    inner join searched_calls on told_modules.call_key = searched_calls.searched_key

    union all

    select
        cast(null as varchar) as source_file,
        cast(null as bigint) as source_row,
        'caller' as module_source,
        caller_spans.searched_key,
        module_mentions.timestamp,
        module_mentions.module_name
    from module_mentions
    inner join caller_spans on module_mentions.phone_number = caller_spans.searched_key
    where
        caller_spans.is_undated
        or module_mentions.timestamp is null
        or (
            module_mentions.timestamp >= coalesce(caller_spans.last_before, module_mentions.timestamp)
            and module_mentions.timestamp <= coalesce(caller_spans.first_after, module_mentions.timestamp)
        )
),

told_timeline as (
    select
        *,
        case when module_name is not null then struct_pack(name := module_name, at := timestamp) end as told
    from timeline
),

-- Sorted so that an interaction of the same instant counts as before the turn. A module and its instant are looked for
-- together, which takes half the time.
neighbours as (
    select
        source_file,
        source_row,
        module_source,
        timestamp,
        last_value(told ignore nulls) over until_here as told_before,
        first_value(told ignore nulls) over from_here as told_after
    from told_timeline
    window
        until_here as (
            partition by module_source, searched_key order by timestamp nulls last, module_name nulls last
            rows between unbounded preceding and current row
        ),
        from_here as (
            partition by module_source, searched_key order by timestamp nulls last, module_name nulls last
            rows between current row and unbounded following
        )
),

found_modules as (
    select
        source_file,
        source_row,
        module_source,
        case
            when told_before is null then told_after['name']
            when told_after['at'] is null or timestamp - told_before['at'] <= told_after['at'] - timestamp
                then told_before['name']
            else told_after['name']
        end as module_name
    from neighbours
    where source_row is not null
)

select
    source_file,
    source_row,
    'call' as module_source,
    first_module as module_name
from turns_of_calls
where is_told

union all

select
    source_file,
    source_row,
    module_source,
    module_name
from found_modules
where module_name is not null;
