-- How much personal data stands in the text columns of each file, and where it begins; where, never what.
-- Grain: one file, column and kind (see personal_data_in_text). first_rows: the first most_rows records that hold it.
create or replace macro personal_data_by_file(
    since := timestamp '-infinity', until := timestamp 'infinity', most_rows := 12
) as table
with

finds as (
    select
        file,
        column_name,
        kind,
        row,
        row_number() over (partition by file, column_name, kind order by row) as place
    from personal_data_in_text(since := since, until := until)
)

select
    file,
    column_name,
    kind,
    count(*) as found,
    list(row order by row) filter (where place <= most_rows) as first_rows
from finds
group by file, column_name, kind
order by file, column_name, kind;
