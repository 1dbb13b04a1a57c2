-- Grain: one row per user, calendar month and part of the local day in which sessions began.
with sessions as (

    select
        device_id_hash,
        customer_id,
        started_at,
        {{ period_start('month', 'session_date') }} as month_date,
        {{ business_hour('started_at') }} as started_hour
    from {{ ref('int_sessions_built') }}

),

identifiers as (

    select *
    from {{ ref('int_identifiers_resolved') }}

),

device_users as (

    select *
    from {{ ref('int_device_users') }}

),

parted as (

    select
        coalesce(customers.user_key, device_users.user_key) as user_key,
        sessions.month_date,
        case
            when sessions.started_hour < 6 then 'night'
            when sessions.started_hour < 12 then 'morning'
            when sessions.started_hour < 18 then 'afternoon'
            else 'evening'
        end as day_part
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

)

select
    user_key,
    month_date,
    day_part,
    cast(count(*) as bigint) as session_count
from parted
group by user_key, month_date, day_part
