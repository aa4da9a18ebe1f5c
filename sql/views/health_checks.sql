-- The answers of /healthz that were logged to health_checks*.jsonl.
-- Grain: one line. A line that is not JSON, such as a proxy's error page, keeps NULLs. No file, no rows.
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
