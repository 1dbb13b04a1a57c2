-- Grain: one row per coupon, in its latest delivered version.
{{ config(materialized='table') }}

with source as (

    select *
    from {{ latest_version(source('channel', 'coupons'), ['coupon_id']) }} as ver

),

renamed as (

    select
        -- ids
        coupon_id,
        campaign_id,
        offline_event_id,
        claimed_by_phone_hash,
        claimed_device_id_hash,
        customer_id,
        redeemed_order_id,

        -- dates
        claimed_at,
        {{ business_day('claimed_at') }} as claimed_date,
        {{ known_by_as_of('redeemed_at') }} as redeemed_at,
        expires_at,

        -- lineage
        _load_sequence as load_sequence
    from source

)

select *
from renamed
where claimed_date <= {{ as_of_date() }}
