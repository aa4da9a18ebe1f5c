-- Health checks: answers of /healthz, from health_checks*.jsonl beside the logs.
-- Grain: one line. A line that is not JSON, such as a proxy's error page, keeps NULLs. No file, no rows.
-- Columns:
--   checked_at: instant of the check, UTC.
--   status: state of the whole service, such as 'healthy'.
--   service: name of the service.
--   redis: state of Redis.
--   database: state of the database.
--   llama_api: state of the Llama API.
--   openai_api: state of the OpenAI API.
--   deepgram_api: state of the Deepgram API.
--   line: the line, as logged.
--   source_file: the file of health checks.
create or replace view health_checks as
with

answers as (
    select
        source_file,
        line,
        case when json_valid(line) then cast(line as json) end as answer
    from internal.health_check_lines
    where trim(line, E' \t\r\n') <> ''
)

select
    as_utc(answer ->> '$.timestamp') as checked_at,
    answer ->> '$.status' as status,
    answer ->> '$.service' as service,
    coalesce(answer ->> '$.checks.redis.status', answer ->> '$.checks.redis') as redis,
    coalesce(answer ->> '$.checks.database.status', answer ->> '$.checks.database') as database,
    coalesce(answer ->> '$.checks.llama_api.status', answer ->> '$.checks.llama_api') as llama_api,
    coalesce(answer ->> '$.checks.openai_api.status', answer ->> '$.checks.openai_api') as openai_api,
    coalesce(answer ->> '$.checks.deepgram_api.status', answer ->> '$.checks.deepgram_api') as deepgram_api,
    line,
    source_file
from answers;
