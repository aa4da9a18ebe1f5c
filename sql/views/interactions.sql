-- What callers and tutor said to each other: every record that is not turn metrics.
-- Grain: one interaction. The two dictionaries also as JSON, whether logged as JSON or as Python.
create or replace view interactions as
select
    timestamp as interaction_at,
    phone_number,
    session_id,
    module_name,
    interaction_type,
    user_input,
    ai_response,
    session_duration,
    emotional_data,
    dictionary_json(emotional_data) as emotional_json,
    gamification_data,
    dictionary_json(gamification_data) as gamification_json,
    error,
    source_file,
    source_row
from user_sessions
where interaction_type is distinct from 'turn_metrics';
