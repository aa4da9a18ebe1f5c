-- How much personal data the text columns of each file have, and where it begins: where it is, never what it is.
-- Grain: one file, column and kind.
-- Parameters:
--   since, until: range in UTC, half-open.
--   max_rows: number of record numbers in first_rows at most.
-- Columns:
--   file: log file.
--   column_name: text column.
--   kind: 'phone number', 'e-mail address' or 'confirmed name'.
--   found: number of cells with it.
--   first_rows: numbers of the first records with it, from 1.
create or replace macro personal_data_by_file(
    since timestamp := null, until timestamp := null, max_rows integer := 12
) as table
with

finds as (
    select
        source_file,
        column_name,
        kind,
        source_row,
        row_number() over (partition by source_file, column_name, kind order by source_row) as place
    from personal_data
    where in_range(timestamp, since, until)
)

select
    source_file as file,
    column_name,
    kind,
    count(*) as found,
    list_sort(list(source_row) filter (where place <= max_rows)) as first_rows
from finds
group by source_file, column_name, kind
order by source_file, column_name, kind;
