-- Grain: one row per user with a known registration: the earliest of the user's accounts.
with customers as (

    select *
    from {{ ref('stg_crm__customers') }}
    where registered_at is not null

),

identifiers as (

    select *
    from {{ ref('int_identifiers_resolved') }}
    where identifier_type = 'customer'

),

ranked as (

    select
        identifiers.user_key,
        customers.customer_id,
        customers.registered_at,
        customers.registration_date,
        customers.register_channel_code,
        row_number() over (
            partition by identifiers.user_key
            order by customers.registered_at, customers.customer_id
        ) as registration_rank
    from customers
    inner join identifiers
        on customers.customer_id = identifiers.identifier_value

)

select
    user_key,
    customer_id,
    registered_at,
    registration_date,
    register_channel_code
from ranked
where registration_rank = 1
