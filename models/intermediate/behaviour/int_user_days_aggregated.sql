-- Grain: one row per user and business day with an app event or an order.
with device_days as (

    select *
    from {{ ref('int_device_days_aggregated') }}

),

identifiers as (

    select *
    from {{ ref('int_identifiers_resolved') }}

),

device_users as (

    select *
    from {{ ref('int_device_users') }}

),

orders as (

    select *
    from {{ ref('int_orders_valued') }}

),

combined as (

    select
        coalesce(customers.user_key, device_users.user_key) as user_key,
        device_days.activity_date,
        device_days.event_count,
        device_days.dwell_seconds,
        0 as order_count,
        cast(0 as decimal(18, 2)) as revenue_amount,
        cast(0 as decimal(18, 2)) as margin_amount
    from device_days
    left join identifiers as customers
        on
            customers.identifier_type = 'customer'
            and device_days.customer_id = customers.identifier_value
    left join device_users
        on
            device_days.device_id_hash = device_users.device_id_hash
            and device_days.first_event_at >= device_users.valid_from_at
            and device_days.first_event_at < device_users.valid_to_at
    union all
    select
        user_key,
        order_date as activity_date,
        0 as event_count,
        0 as dwell_seconds,
        1 as order_count,
        coalesce(revenue_amount, 0) as revenue_amount,
        margin_amount
    from orders

)

select
    user_key,
    activity_date,
    cast(sum(event_count) as bigint) as event_count,
    cast(sum(dwell_seconds) as bigint) as dwell_seconds,
    cast(sum(order_count) as bigint) as order_count,
    cast(sum(revenue_amount) as decimal(18, 2)) as revenue_amount,
    cast(sum(margin_amount) as decimal(18, 2)) as margin_amount
from combined
group by user_key, activity_date
