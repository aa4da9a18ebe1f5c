-- Cells with personal data in the logs that have no rollups.
-- Grain: one cell and kind of personal data.
create or replace view internal.personal_data_from_records as
with

text_columns (position, column_name) as (
    values (1, 'user_input'), (2, 'ai_response'), (3, 'emotional_data'), (4, 'gamification_data'), (5, 'error')
),

cells as (
    select
        user_sessions.timestamp,
        user_sessions.source_file,
        user_sessions.source_row,
        text_columns.position,
        text_columns.column_name,
        case text_columns.column_name
            when 'user_input' then user_sessions.user_input
            when 'ai_response' then user_sessions.ai_response
            when 'emotional_data' then user_sessions.emotional_data
            when 'gamification_data' then user_sessions.gamification_data
            else user_sessions.error
        end as content
    from internal.unrolled_records as user_sessions
    cross join text_columns
),

kinds as (
    select
        *,
        unnest([
            case when has_phone_number(content) then 'phone number' end,
            case when has_email_address(content) then 'e-mail address' end,
            case when has_confirmed_name(content) then 'confirmed name' end
        ]) as kind
    from cells
    where has_phone_number(content) or has_email_address(content) or has_confirmed_name(content)
)

select
    timestamp,
    source_file,
    source_row,
    position as column_position,
    column_name,
    kind
from kinds
where kind is not null;
