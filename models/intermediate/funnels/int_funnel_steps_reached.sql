-- Grain: one row per entry and step reached inside the window. A step counts from the moment of
-- the step before it: its first event at or after that moment reaches it.
with events as (

    select *
    from {{ ref('int_funnel_events_listed') }}

),

step_1 as (

    select
        entry_key,
        funnel_code,
        entrant_key,
        window_end_at,
        1 as step_number,
        step_code,
        entered_at as reached_at,
        cast(null as timestamp) as previous_at,
        dwell_seconds
    from {{ ref('int_funnel_entries_opened') }}

),

{% for step in range(2, 6) %}
step_{{ step }}_events as (

    select *
    from events
    where step_number = {{ step }}

),

step_{{ step }}_ranked as (

    select
        step_{{ step - 1 }}.entry_key,
        step_{{ step - 1 }}.funnel_code,
        step_{{ step - 1 }}.entrant_key,
        step_{{ step - 1 }}.window_end_at,
        {{ step }} as step_number,
        step_{{ step }}_events.step_code,
        step_{{ step }}_events.event_at as reached_at,
        step_{{ step - 1 }}.reached_at as previous_at,
        step_{{ step }}_events.dwell_seconds,
        row_number() over (
            partition by step_{{ step - 1 }}.entry_key
            order by
                step_{{ step }}_events.event_at,
                step_{{ step }}_events.event_source,
                step_{{ step }}_events.event_id,
                step_{{ step }}_events.event_value
        ) as event_rank
    from step_{{ step - 1 }}
    inner join step_{{ step }}_events
        on
            step_{{ step - 1 }}.funnel_code = step_{{ step }}_events.funnel_code
            and step_{{ step - 1 }}.entrant_key = step_{{ step }}_events.entrant_key
            and step_{{ step - 1 }}.reached_at <= step_{{ step }}_events.event_at
            and step_{{ step - 1 }}.window_end_at > step_{{ step }}_events.event_at

),

step_{{ step }} as (

    select
        entry_key,
        funnel_code,
        entrant_key,
        window_end_at,
        step_number,
        step_code,
        reached_at,
        previous_at,
        dwell_seconds
    from step_{{ step }}_ranked
    where event_rank = 1

),

{% endfor %}
unioned as (
    {% for step in range(1, 6) %}
    select *
    from step_{{ step }}
    {% if not loop.last %}
    union all
    {% endif %}
    {% endfor %}
)

select
    entry_key,
    funnel_code,
    entrant_key,
    step_number,
    step_code,
    reached_at,
    {{ seconds_between('previous_at', 'reached_at') }} as seconds_from_previous,
    dwell_seconds
from unioned
