-- Grain: one row per coupon, in its latest state.
with coupons as (

    select *
    from {{ ref('stg_channel__coupons') }}

),

touches as (

    select *
    from {{ ref('int_touches_resolved') }}
    where touch_kind = 'coupon_claim'

),

offline_events as (

    select *
    from {{ ref('stg_channel__offline_events') }}

)

select
    {{ surrogate_key(['coupons.coupon_id']) }} as coupon_key,
    coupons.coupon_id,
    touches.user_key,
    coupons.campaign_id,
    touches.channel_code,
    coupons.offline_event_id,
    offline_events.city_code,
    coupons.claimed_at,
    coupons.claimed_date,
    coupons.redeemed_at,
    {{ business_day('coupons.redeemed_at') }} as redeemed_date,
    coupons.expires_at,
    coupons.redeemed_at is not null as is_redeemed,
    coupons.redeemed_order_id
from coupons
inner join touches
    on coupons.coupon_id = touches.touch_id
left join offline_events
    on coupons.offline_event_id = offline_events.offline_event_id
