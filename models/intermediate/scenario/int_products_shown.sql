-- Grain: one row per user, product and business day on which the app showed the product to the
-- user: a recommendation shown or a product page viewed. Advertisements and messages are no
-- showing: they reach nearly everybody every month, whether looked at or not.
with recommendations as (

    select *
    from {{ ref('stg_crm__recommendations') }}
    where is_shown

),

events as (

    select *
    from {{ ref('stg_channel__app_events') }}
    where event_name = 'product_view' and product_id is not null

),

products as (

    select *
    from {{ ref('stg_transaction__products') }}

),

identifiers as (

    select *
    from {{ ref('int_identifiers_resolved') }}
    where identifier_type = 'customer'

),

device_users as (

    select *
    from {{ ref('int_device_users') }}

),

showings as (

    select
        identifiers.user_key,
        recommendations.product_id,
        recommendations.decided_date as shown_date,
        recommendations.decided_at as shown_at,
        1 as is_recommended
    from recommendations
    inner join identifiers
        on recommendations.customer_id = identifiers.identifier_value
    union all
    select
        coalesce(identifiers.user_key, device_users.user_key) as user_key,
        events.product_id,
        events.event_date as shown_date,
        events.occurred_at as shown_at,
        0 as is_recommended
    from events
    left join identifiers
        on events.customer_id = identifiers.identifier_value
    left join device_users
        on
            events.device_id_hash = device_users.device_id_hash
            and events.occurred_at >= device_users.valid_from_at
            and events.occurred_at < device_users.valid_to_at

)

select
    showings.user_key,
    showings.product_id,
    showings.shown_date,
    products.product_line,
    products.scenario_code,
    min(showings.shown_at) as first_shown_at,
    cast(sum(showings.is_recommended) as bigint) as recommendation_count,
    cast(sum(1 - showings.is_recommended) as bigint) as page_view_count
from showings
inner join products
    on showings.product_id = products.product_id
where showings.user_key is not null
group by
    showings.user_key, showings.product_id, showings.shown_date, products.product_line,
    products.scenario_code
