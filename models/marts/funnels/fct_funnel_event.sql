-- Grain: one row per funnel, step, kind of event and event that reaches the step.
select
    {{ surrogate_key(['funnel_code', 'step_number', 'event_source', 'event_value', 'event_id']) }}
        as funnel_event_key,
    funnel_code,
    cast(step_number as integer) as step_number,
    step_code,
    entrant_kind,
    user_key,
    event_source,
    event_value,
    event_at,
    event_date,
    channel_code,
    platform,
    dwell_seconds
from {{ ref('int_funnel_events_listed') }}
