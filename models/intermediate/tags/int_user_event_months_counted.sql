-- Grain: one row per user, calendar month, app event name and scenario (or none) with such events.
-- Events of a day belong to whom int_user_days_aggregated gives the day.
with events as (

    select *
    from {{ ref('stg_channel__app_events') }}

),

identifiers as (

    select *
    from {{ ref('int_identifiers_resolved') }}

),

device_users as (

    select *
    from {{ ref('int_device_users') }}

),

daily as (

    select
        device_id_hash,
        customer_id,
        event_date,
        event_name,
        scenario_code,
        min(occurred_at) as first_event_at,
        count(*) as event_count
    from events
    group by device_id_hash, customer_id, event_date, event_name, scenario_code

),

dated as (

    select
        *,
        min(first_event_at) over (
            partition by device_id_hash, customer_id, event_date
        ) as first_of_day_at
    from daily

)

select
    coalesce(customers.user_key, device_users.user_key) as user_key,
    {{ period_start('month', 'dated.event_date') }} as month_date,
    dated.event_name,
    dated.scenario_code,
    max(dated.event_date) as last_date,
    cast(sum(dated.event_count) as bigint) as event_count
from dated
left join identifiers as customers
    on
        customers.identifier_type = 'customer'
        and dated.customer_id = customers.identifier_value
left join device_users
    on
        dated.device_id_hash = device_users.device_id_hash
        and dated.first_of_day_at >= device_users.valid_from_at
        and dated.first_of_day_at < device_users.valid_to_at
group by
    coalesce(customers.user_key, device_users.user_key),
    {{ period_start('month', 'dated.event_date') }},
    dated.event_name,
    dated.scenario_code
