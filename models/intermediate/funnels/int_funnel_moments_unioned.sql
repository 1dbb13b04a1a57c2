-- Grain: one row per moment outside the app that a funnel may count: a touch, registration,
-- application, order, and what becomes of coupons and leads. The entrant is whom a funnel follows.
with touches as (

    select *
    from {{ ref('int_touches_resolved') }}

),

-- Where the campaigns of a platform are paid; a campaign on several is nobody's.
platforms as (

    select
        campaign_id,
        min(platform) as platform
    from {{ ref('stg_channel__ad_spend_daily') }}
    group by campaign_id
    having min(platform) = max(platform)

),

identifiers as (

    select *
    from {{ ref('int_identifiers_resolved') }}

),

orders as (

    select *
    from {{ ref('int_orders_valued') }}

),

coupons as (

    select
        coupons.coupon_id,
        coupons.claimed_at,
        coupons.redeemed_at,
        touches.user_key,
        touches.channel_code
    from {{ ref('stg_channel__coupons') }} as coupons
    inner join touches
        on
            coupons.coupon_id = touches.touch_id
            and touches.touch_kind = 'coupon_claim'

),

leads as (

    select
        led.lead_id,
        led.created_at,
        led.qualified_at,
        customers.registered_at as converted_at,
        coalesce(acc.user_key, phones.user_key) as user_key,
        coalesce(chn.channel_code, 'unmapped') as channel_code
    from {{ ref('stg_crm__leads') }} as led
    left join {{ ref('stg_crm__customers') }} as customers
        on led.converted_customer_id = customers.customer_id
    left join identifiers as acc
        on
            acc.identifier_type = 'customer'
            and led.converted_customer_id = acc.identifier_value
    left join identifiers as phones
        on
            phones.identifier_type = 'phone'
            and phones.demotion_reason is null
            and led.phone_hash = phones.identifier_value
    left join {{ ref('channels') }} as chn
        on led.source_channel_code = chn.channel_code

),

unioned as (

    select
        'touch' as event_source,
        touches.touch_kind as event_value,
        touches.touch_kind || ':' || touches.touch_id as event_id,
        'user' as entrant_kind,
        touches.user_key as entrant_key,
        touches.user_key,
        touches.touched_at as event_at,
        touches.channel_code,
        platforms.platform
    from touches
    left join platforms
        on touches.campaign_id = platforms.campaign_id
    union all
    select
        'registration' as event_source,
        'registered' as event_value,
        customer_id as event_id,
        'user' as entrant_kind,
        user_key as entrant_key,
        user_key,
        registered_at as event_at,
        cast(null as string) as channel_code,
        cast(null as string) as platform
    from {{ ref('int_users_registered') }}
    union all
    select
        'application' as event_source,
        'submitted' as event_value,
        applications.application_id as event_id,
        'user' as entrant_kind,
        identifiers.user_key as entrant_key,
        identifiers.user_key,
        applications.applied_at as event_at,
        cast(null as string) as channel_code,
        cast(null as string) as platform
    from {{ ref('stg_transaction__credit_applications') }} as applications
    inner join identifiers
        on
            applications.customer_id = identifiers.identifier_value
            and identifiers.identifier_type = 'customer'
    {% for event_value, condition in [
        ('placed', 'order_number >= 1'),
        ('first', 'order_number = 1'),
        ('funded', "order_status in ('funded', 'completed', 'defaulted')"),
    ] %}
    union all
    select
        'order' as event_source,
        '{{ event_value }}' as event_value,
        order_id as event_id,
        'user' as entrant_kind,
        user_key as entrant_key,
        user_key,
        ordered_at as event_at,
        cast(null as string) as channel_code,
        cast(null as string) as platform
    from orders
    where {{ condition }}
    {% endfor %}
    {% for event_source, relation, values in [
        ('coupon', 'coupons', ['claimed', 'redeemed']),
        ('lead', 'leads', ['created', 'qualified', 'converted']),
    ] %}
    {% for event_value in values %}
    union all
    select
        '{{ event_source }}' as event_source,
        '{{ event_value }}' as event_value,
        {{ event_source }}_id as event_id,
        '{{ event_source }}' as entrant_kind,
        {{ event_source }}_id as entrant_key,
        user_key,
        {{ event_value }}_at as event_at,
        channel_code,
        cast(null as string) as platform
    from {{ relation }}
    {% endfor %}
    {% endfor %}

)

-- A touch of nobody known cannot be followed.
select *
from unioned
where entrant_key is not null and event_at is not null
