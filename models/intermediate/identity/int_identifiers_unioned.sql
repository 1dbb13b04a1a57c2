-- Grain: one row per source, identifier and the identifier it was seen together with (if any).
with customers as (

    select *
    from {{ ref('stg_crm__customers') }}

),

customer_devices as (

    select *
    from {{ ref('stg_crm__customer_devices') }}

),

events as (

    select *
    from {{ ref('stg_channel__app_events') }}

),

touches as (

    select *
    from {{ ref('stg_channel__ad_touches') }}

),

coupons as (

    select *
    from {{ ref('stg_channel__coupons') }}

),

messages as (

    select *
    from {{ ref('stg_channel__messages') }}

),

orders as (

    select *
    from {{ ref('stg_transaction__orders') }}

),

consents as (

    select *
    from {{ ref('stg_crm__consents') }}

),

tickets as (

    select *
    from {{ ref('stg_crm__tickets') }}

),

{% set sightings = [
    ('crm.customers', 'customers', 'customer', 'customer_id', none, none, 'registered_at'),
    ('crm.customers', 'customers', 'phone', 'phone_hash',
     'customer', 'customer_id', 'registered_at'),
    ('crm.customers', 'customers', 'id_card', 'id_card_hash',
     'customer', 'customer_id', 'registered_at'),
    ('crm.customers', 'customers', 'email', 'email_hash',
     'customer', 'customer_id', 'registered_at'),
    ('crm.customers', 'customers', 'device', 'register_device_id_hash',
     'customer', 'customer_id', 'registered_at'),
    ('crm.customer_devices', 'customer_devices', 'device', 'device_id_hash',
     'customer', 'customer_id', 'first_seen_at'),
    ('crm.consents', 'consents', 'customer', 'customer_id', none, none, 'happened_at'),
    ('crm.tickets', 'tickets', 'customer', 'customer_id', none, none, 'opened_at'),
    ('channel.app_events', 'events', 'device', 'device_id_hash',
     'customer', 'customer_id', 'occurred_at'),
    ('channel.ad_touches', 'touches', 'device', 'device_id_hash', none, none, 'touched_at'),
    ('channel.ad_touches', 'touches', 'platform_user', 'platform_user_id_hash',
     'device', 'device_id_hash', 'touched_at'),
    ('channel.coupons', 'coupons', 'customer', 'customer_id', none, none, 'claimed_at'),
    ('channel.coupons', 'coupons', 'phone', 'claimed_by_phone_hash',
     'customer', 'customer_id', 'claimed_at'),
    ('channel.coupons', 'coupons', 'device', 'claimed_device_id_hash',
     'phone', 'claimed_by_phone_hash', 'claimed_at'),
    ('channel.coupons', 'coupons', 'device', 'claimed_device_id_hash',
     'customer', 'customer_id', 'claimed_at'),
    ('channel.messages', 'messages', 'customer', 'customer_id', none, none, 'sent_at'),
    ('channel.messages', 'messages', 'phone', 'recipient_phone_hash',
     'customer', 'customer_id', 'sent_at'),
    ('transaction.orders', 'orders', 'customer', 'customer_id', none, none, 'ordered_at'),
    ('transaction.orders', 'orders', 'device', 'device_id_hash',
     'customer', 'customer_id', 'ordered_at'),
] %}

unioned as (
    {% for source_name, relation, type, value, linked_type, linked_value, seen_at in sightings %}
    select
        '{{ source_name }}' as source_name,
        '{{ type }}' as identifier_type,
        {{ value }} as identifier_value,
        {% if linked_type %}
        case when {{ linked_value }} is not null then '{{ linked_type }}' end as linked_type,
        {{ linked_value }} as linked_value,
        {% else %}
        cast(null as string) as linked_type,
        cast(null as string) as linked_value,
        {% endif %}
        {{ seen_at }} as seen_at
    from {{ relation }}
    where {{ value }} is not null
    {% if not loop.last %}
    union all
    {% endif %}
    {% endfor %}
)

select
    source_name,
    identifier_type,
    identifier_value,
    linked_type,
    linked_value,
    min(seen_at) as first_seen_at,
    max(seen_at) as last_seen_at,
    count(*) as sighting_count
from unioned
group by source_name, identifier_type, identifier_value, linked_type, linked_value
