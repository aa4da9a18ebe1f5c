-- The ledger's bad cells: cells whose text does not fit the type of their column.
-- Grain: one cell. Its record is kept, with NULL in its place.
create or replace view ingest_cells as
with

cells as (
    unpivot log_cells
    on columns(* exclude (source_file, source_row))
    into name column_name value content
)

select
    cells.source_file as file,
    cells.source_row as row,
    cells.column_name,
    cells.content
from cells
inner join log_columns on cells.column_name = log_columns.column_name
where
    case log_columns.column_type
        when 'TIMESTAMP' then as_utc(cells.content) is null
        when 'DOUBLE' then try_cast(cells.content as double) is null
        when 'BIGINT' then try_cast(cells.content as bigint) is null
        when 'BOOLEAN' then try_cast(cells.content as boolean) is null
        else false
    end;
