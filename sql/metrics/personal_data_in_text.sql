-- Where personal data stands in a text column of the logs; where, never what.
-- Grain: one cell and kind: 'phone number', 'e-mail address', 'confirmed name'. row counts the records of file from 1.
create or replace macro personal_data_in_text(
    since := timestamp '-infinity', until := timestamp 'infinity'
) as table
select
    source_file as file,
    source_row as row,
    column_name,
    kind
from personal_data
where timestamp >= since and timestamp < until
order by file, row, column_position, kind;
