-- Grain: one row per session of a device, with the user who was logged in, else the device's.
with sessions as (

    select *
    from {{ ref('int_sessions_built') }}

),

identifiers as (

    select *
    from {{ ref('int_identifiers_resolved') }}

),

device_users as (

    select *
    from {{ ref('int_device_users') }}

)

select
    {{ surrogate_key(['sessions.device_id_hash', 'sessions.first_event_id']) }} as session_key,
    coalesce(customers.user_key, device_users.user_key) as user_key,
    sessions.customer_id is not null as is_logged_in,
    sessions.started_at,
    sessions.ended_at,
    sessions.session_date,
    sessions.event_count,
    sessions.product_view_count,
    sessions.dwell_seconds,
    sessions.os
from sessions
left join identifiers as customers
    on
        customers.identifier_type = 'customer'
        and sessions.customer_id = customers.identifier_value
left join device_users
    on
        sessions.device_id_hash = device_users.device_id_hash
        and sessions.started_at >= device_users.valid_from_at
        and sessions.started_at < device_users.valid_to_at
