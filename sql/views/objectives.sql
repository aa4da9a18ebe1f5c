-- The monitoring thresholds of the specification, with the targets that the settings give.
-- Grain: one objective. Latencies in ms at p95, error rates and availability in percent.
-- min_observations: the observations below which no value could show the objective met with 95% confidence:
-- for a p95, the n with 0.95^n <= 0.025; for a share p, Wilson's bound at 0 of n, z^2 (1 - p) / p.
-- Columns:
--   position: number of the objective in the specification's order.
--   objective: name of the objective, as in the settings.
--   title: its title in reports.
--   kind: what it measures: 'latency', 'error rate' or 'availability'.
--   stage: the stage of a turn: 'asr', 'llm', 'tts' or 'total'; NULL for availability.
--   comparison: '<' when the value has to be below the target, '>' when above.
--   target: the target, in the unit of the objective.
--   unit: 'ms' or '%'.
--   min_observations: number of observations below which the objective can't be shown to be met.
create or replace view objectives as
with

thresholds (position, objective, title, kind, stage, comparison, unit) as (
    values
    (1, 'asr_latency', 'ASR latency', 'latency', 'asr', '<', 'ms'),
    (2, 'llm_latency', 'LLM latency', 'latency', 'llm', '<', 'ms'),
    (3, 'tts_latency', 'TTS latency', 'latency', 'tts', '<', 'ms'),
    (4, 'total_latency', 'Whole turn', 'latency', 'total', '<', 'ms'),
    (5, 'error_rate', 'Errors, all', 'error rate', 'total', '<', '%'),
    (6, 'asr_error_rate', 'Errors, ASR', 'error rate', 'asr', '<', '%'),
    (7, 'llm_error_rate', 'Errors, LLM', 'error rate', 'llm', '<', '%'),
    (8, 'tts_error_rate', 'Errors, TTS', 'error rate', 'tts', '<', '%'),
    (9, 'uptime', 'Uptime', 'availability', cast(null as varchar), '>', '%'),
    (10, 'health_checks', 'Health checks', 'availability', cast(null as varchar), '>', '%')
),

targets as (
    select
        thresholds.*,
        objective_targets.target,
        case
            when thresholds.comparison = '<' then objective_targets.target / 100
            else 1 - objective_targets.target / 100
        end as allowed_share
    from thresholds
    inner join internal.objective_targets as objective_targets on thresholds.objective = objective_targets.objective
)

select
    position,
    objective,
    title,
    kind,
    stage,
    comparison,
    target,
    unit,
    case
        when kind = 'latency' then cast(ceil(ln(0.025) / ln(0.95)) as bigint)
        else coalesce(cast(ceil(3.8415 * (1 - allowed_share) / nullif(rounded(allowed_share, 9), 0)) as bigint), 0)
    end as min_observations
from targets;
