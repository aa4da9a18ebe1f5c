-- The ledger's invalid cells: cells whose text does not fit the type of their column, or is not UTF-8.
-- Grain: one cell. Its record is kept: with NULL in its place, or U+FFFD for bytes that are not UTF-8.
-- Columns:
--   file: path of the file.
--   row: number of the record in that file, from 1.
--   column_name: the column.
--   value: the text of the cell.
create or replace view ingest_cells as
with

cells as (
    unpivot internal.suspect_cells
    on columns(* exclude (source_file, source_row))
    into name column_name value value
),

misfits as (
    select
        cells.source_file as file,
        cells.source_row as row,
        cells.column_name,
        cells.value
    from cells
    inner join internal.log_columns as log_columns on cells.column_name = log_columns.column_name
    where
        case log_columns.column_type
            when 'TIMESTAMP' then as_utc(cells.value) is null
            when 'DOUBLE' then try_cast(cells.value as double) is null
            when 'BIGINT' then try_cast(cells.value as bigint) is null
            when 'BOOLEAN' then try_cast(cells.value as boolean) is null
            else false
        end
),

undecodable_texts as (
    select
        undecodable_cells.file,
        undecodable_cells.row,
        undecodable_cells.column_name,
        undecodable_cells.value
    from internal.undecodable_cells as undecodable_cells
    left join internal.log_columns as log_columns on undecodable_cells.column_name = log_columns.column_name
    where coalesce(log_columns.column_type, 'VARCHAR') = 'VARCHAR'
)

select * from misfits
union all
select * from undecodable_texts;
