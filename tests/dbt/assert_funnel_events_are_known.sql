-- Events of a funnel's seed that no source knows, or that belong to another kind of entrant: their
-- step would never be reached. And steps that no event reaches.
with matches as (

    select *
    from {{ ref('funnel_events') }}

),

steps as (

    select
        steps.funnel_code,
        steps.step_number,
        funnels.entrant_kind
    from {{ ref('funnel_steps') }} as steps
    inner join {{ ref('funnels') }} as funnels
        on steps.funnel_code = funnels.funnel_code

),

known as (

    select
        event_source,
        event_value,
        entrant_kind
    from {{ ref('funnel_event_values') }}
    union all
    select
        'app_event' as event_source,
        event_name as event_value,
        'user' as entrant_kind
    from {{ ref('event_dictionary') }}

)

select
    coalesce(matches.funnel_code, steps.funnel_code) as funnel_code,
    coalesce(matches.step_number, steps.step_number) as step_number,
    matches.event_source,
    matches.event_value
from matches
full outer join steps
    on
        matches.funnel_code = steps.funnel_code
        and matches.step_number = steps.step_number
left join known
    on
        matches.event_source = known.event_source
        and matches.event_value = known.event_value
        and steps.entrant_kind = known.entrant_kind
where known.event_value is null
