-- The ledger's schema drift: columns that appear, disappear, or are in records but not in a header.
-- Grain: one file and one change. Files in the order of their first record.
-- Columns:
--   file: path of the file.
--   first_at: earliest instant in the file, UTC.
--   change: 'appeared', 'gone', 'without a header' or 'unknown' (not in the specification).
--   columns: names of the columns, in the order of the log.
create or replace view ingest_drift as
with

files as (
    select
        file,
        first_at,
        from_json(held_columns, '["varchar"]') as held_columns,
        from_json(headers, '["varchar"]') as headers,
        row_number() over (order by first_at, file) as place
    from internal.inspected_files
    where accepted > 0 and state in ('sound', 'repaired')
),

held as (
    select
        file,
        first_at,
        place,
        headers,
        unnest(held_columns) as column_name,
        generate_subscripts(held_columns, 1) as position
    from files
),

first_held as (
    select
        column_name,
        min(place) as place
    from held
    group by column_name
),

changes as (
    select
        held.file,
        held.first_at,
        held.position,
        held.column_name,
        'appeared' as change
    from held
    inner join first_held on held.column_name = first_held.column_name and held.place = first_held.place
    where held.place > 1

    union all

    select
        files.file,
        files.first_at,
        held.position,
        held.column_name,
        'gone' as change
    from files
    inner join held on files.place = held.place + 1
    where not list_contains(files.held_columns, held.column_name)

    union all

    select
        file,
        first_at,
        position,
        column_name,
        'without a header' as change
    from held
    where not list_contains(headers, column_name)

    union all

    select
        held.file,
        held.first_at,
        held.position,
        held.column_name,
        'unknown' as change
    from held
    left join internal.log_columns as log_columns on held.column_name = log_columns.column_name
    where log_columns.column_name is null
)

select
    file,
    first_at,
    change,
    list(column_name order by position) as columns
from changes
group by file, first_at, change
order by first_at, file, change;
