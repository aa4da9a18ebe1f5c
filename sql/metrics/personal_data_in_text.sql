-- Where personal data stands in a text column of the logs; where, never what.
-- Grain: one cell and kind: 'phone number', 'e-mail address', 'confirmed name'. row counts the records of file from 1.
-- Marks of what was redacted, such as [PHONE_REDACTED], do not count.
create or replace macro personal_data_in_text(
    since := timestamp '-infinity', until := timestamp 'infinity'
) as table
with

text_columns (position, column_name) as (
    values (1, 'user_input'), (2, 'ai_response'), (3, 'emotional_data'), (4, 'gamification_data'), (5, 'error')
),

records as (
    select
        source_file,
        source_row,
        user_input,
        ai_response,
        emotional_data,
        gamification_data,
        error
    from user_sessions
    where timestamp >= since and timestamp < until
),

cells as (
    select
        records.source_file,
        records.source_row,
        text_columns.position,
        text_columns.column_name,
        case text_columns.column_name
            when 'user_input' then records.user_input
            when 'ai_response' then records.ai_response
            when 'emotional_data' then records.emotional_data
            when 'gamification_data' then records.gamification_data
            else records.error
        end as content
    from records
    cross join text_columns
),

findings as (
    select
        *,
        unnest([
            case when holds_phone_number(content) then 'phone number' end,
            case when holds_email_address(content) then 'e-mail address' end,
            case when holds_confirmed_name(content) then 'confirmed name' end
        ]) as kind
    from cells
    where holds_phone_number(content) or holds_email_address(content) or holds_confirmed_name(content)
)

select
    source_file as file,
    source_row as row,
    column_name,
    kind
from findings
where kind is not null
order by file, row, position, kind;
