-- Grain: one row per entry into a funnel and step reached inside the window.
select
    {{ surrogate_key(['entry_key', 'step_number']) }} as funnel_step_key,
    entry_key,
    funnel_code,
    cast(step_number as integer) as step_number,
    step_code,
    reached_at,
    seconds_from_previous,
    dwell_seconds
from {{ ref('int_funnel_steps_reached') }}
