-- Cells of the text columns with personal data: where it is, never what it is.
-- Grain: one cell and kind. Redaction marks such as [PHONE_REDACTED] do not count.
-- Columns:
--   timestamp: instant of the record, UTC.
--   source_file: the log file.
--   source_row: number of the record in that file, from 1.
--   column_position: 1 to 5, in the order of the text columns.
--   column_name: the text column.
--   kind: 'phone number', 'e-mail address' or 'confirmed name'.
create or replace view personal_data as
select
    timestamp,
    source_file,
    source_row,
    column_position,
    column_name,
    kind
from internal.personal_data_by_log;
