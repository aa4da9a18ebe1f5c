-- Interactions of callers with the tutor: every record that is not turn metrics.
-- Grain: one interaction. The two dictionaries also as JSON, whether logged as JSON or as Python.
-- Columns:
--   interaction_at: instant of the interaction, UTC.
--   phone_number: the caller.
--   session_id: session identifier; of a call, Twilio's call id.
--   module_name: learning module, as logged.
--   interaction_type: type of the interaction, such as 'voice' or 'sms'.
--   user_input: what the caller said.
--   ai_response: what the tutor answered.
--   session_duration: duration of the interaction, in seconds.
--   emotional_data: emotional analysis, as logged.
--   emotional_json: the same as JSON; NULL when it is not a dictionary.
--   gamification_data: gamification state, as logged.
--   gamification_json: the same as JSON; NULL when it is not a dictionary.
--   error: error message, as logged.
--   source_file: the log file.
--   source_row: number of the record in that file, from 1.
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
