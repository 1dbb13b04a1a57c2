-- Grain: one row per funnel, step, kind of event and event that reaches the step. What counts is in
-- the seed funnel_events. An app event belongs to who was logged in, else to who had the device.
with wanted as (

    select
        steps.funnel_code,
        steps.step_number,
        steps.step_code,
        funnels.entrant_kind,
        matches.event_source,
        matches.event_value,
        matches.channel_code
    from {{ ref('funnel_events') }} as matches
    inner join {{ ref('funnel_steps') }} as steps
        on
            matches.funnel_code = steps.funnel_code
            and matches.step_number = steps.step_number
    inner join {{ ref('funnels') }} as funnels
        on matches.funnel_code = funnels.funnel_code

),

wanted_names as (

    select event_value
    from wanted
    where event_source = 'app_event'
    group by event_value

),

customers as (

    select *
    from {{ ref('int_identifiers_resolved') }}
    where identifier_type = 'customer'

),

moments as (

    select *
    from {{ ref('int_funnel_moments_unioned') }}

),

app_events as (

    select
        coalesce(customers.user_key, device_users.user_key) as user_key,
        events.event_name,
        events.event_id,
        events.occurred_at,
        events.dwell_seconds
    from {{ ref('stg_channel__app_events') }} as events
    inner join wanted_names
        on events.event_name = wanted_names.event_value
    left join customers
        on events.customer_id = customers.identifier_value
    left join {{ ref('int_device_users') }} as device_users
        on
            events.device_id_hash = device_users.device_id_hash
            and events.occurred_at >= device_users.valid_from_at
            and events.occurred_at < device_users.valid_to_at

),

unioned as (

    select
        event_source,
        event_value,
        event_id,
        entrant_kind,
        entrant_key,
        user_key,
        event_at,
        channel_code,
        platform,
        cast(null as bigint) as dwell_seconds
    from moments
    union all
    select
        'app_event' as event_source,
        event_name as event_value,
        event_id,
        'user' as entrant_kind,
        user_key as entrant_key,
        user_key,
        occurred_at as event_at,
        cast(null as string) as channel_code,
        cast(null as string) as platform,
        cast(dwell_seconds as bigint) as dwell_seconds
    from app_events

)

select
    wanted.funnel_code,
    wanted.step_number,
    wanted.step_code,
    unioned.entrant_kind,
    unioned.entrant_key,
    unioned.user_key,
    unioned.event_source,
    unioned.event_value,
    unioned.event_id,
    unioned.event_at,
    {{ business_day('unioned.event_at') }} as event_date,
    unioned.channel_code,
    unioned.platform,
    unioned.dwell_seconds
from unioned
inner join wanted
    on
        unioned.event_source = wanted.event_source
        and unioned.event_value = wanted.event_value
        and unioned.entrant_kind = wanted.entrant_kind
        and coalesce(unioned.channel_code, 'none')
        = coalesce(wanted.channel_code, unioned.channel_code, 'none')
