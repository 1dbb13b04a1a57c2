-- Grain: one row per marketing touch: impression, click, message sent, coupon claimed.
-- Its channel is that of its campaign; where nobody knows the campaign, that of its tagged link.
with touches as (

    select *
    from {{ ref('stg_channel__ad_touches') }}

),

messages as (

    select *
    from {{ ref('stg_channel__messages') }}

),

coupons as (

    select *
    from {{ ref('stg_channel__coupons') }}

),

identifiers as (

    select *
    from {{ ref('int_identifiers_resolved') }}

),

device_users as (

    select *
    from {{ ref('int_device_users') }}

),

campaigns as (

    select *
    from {{ ref('int_campaigns_mapped') }}

),

utm_mappings as (

    select *
    from {{ ref('utm_mappings') }}

),

unioned as (

    select
        touch_kind,
        touch_id,
        campaign_id,
        creative_id,
        cast(null as string) as customer_id,
        cast(null as string) as phone_hash,
        device_id_hash,
        platform_user_id_hash,
        touched_at,
        touch_date,
        lower(utm_source) as utm_source,
        lower(utm_medium) as utm_medium,
        cast(null as string) as message_channel,
        false as is_marketing_message,
        cast(null as timestamp) as delivered_at,
        cast(null as timestamp) as opened_at,
        cast(null as timestamp) as clicked_at
    from touches
    union all
    select
        'message' as touch_kind,
        message_id as touch_id,
        campaign_id,
        cast(null as string) as creative_id,
        customer_id,
        recipient_phone_hash as phone_hash,
        cast(null as string) as device_id_hash,
        cast(null as string) as platform_user_id_hash,
        sent_at as touched_at,
        sent_date as touch_date,
        cast(null as string) as utm_source,
        cast(null as string) as utm_medium,
        message_channel,
        purpose = 'marketing' as is_marketing_message,
        delivered_at,
        opened_at,
        clicked_at
    from messages
    union all
    select
        'coupon_claim' as touch_kind,
        coupon_id as touch_id,
        campaign_id,
        cast(null as string) as creative_id,
        customer_id,
        claimed_by_phone_hash as phone_hash,
        claimed_device_id_hash as device_id_hash,
        cast(null as string) as platform_user_id_hash,
        claimed_at as touched_at,
        claimed_date as touch_date,
        cast(null as string) as utm_source,
        cast(null as string) as utm_medium,
        cast(null as string) as message_channel,
        false as is_marketing_message,
        cast(null as timestamp) as delivered_at,
        cast(null as timestamp) as opened_at,
        cast(null as timestamp) as clicked_at
    from coupons

)

select
    unioned.*,
    coalesce(
        customers.user_key,
        phones.user_key,
        device_users.user_key,
        platform_users.user_key
    ) as user_key,
    coalesce(campaigns.channel_code, utm_mappings.channel_code, 'unmapped') as channel_code
from unioned
left join campaigns
    on unioned.campaign_id = campaigns.campaign_id
left join utm_mappings
    on
        unioned.utm_source = utm_mappings.utm_source
        and unioned.utm_medium = utm_mappings.utm_medium
left join identifiers as customers
    on
        customers.identifier_type = 'customer'
        and unioned.customer_id = customers.identifier_value
left join identifiers as phones
    on
        phones.identifier_type = 'phone'
        and phones.demotion_reason is null
        and unioned.phone_hash = phones.identifier_value
left join device_users
    on
        unioned.device_id_hash = device_users.device_id_hash
        and unioned.touched_at >= device_users.valid_from_at
        and unioned.touched_at < device_users.valid_to_at
left join identifiers as platform_users
    on
        platform_users.identifier_type = 'platform_user'
        and unioned.platform_user_id_hash = platform_users.identifier_value
