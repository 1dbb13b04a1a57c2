-- Grain: one row per kind of source and name that no list knows: what is to be added to a list, or
-- asked back at who delivers it.
with spend as (

    select *
    from {{ ref('fct_spend') }}

),

touches as (

    select *
    from {{ ref('fct_touch') }}

),

campaigns as (

    select *
    from {{ ref('stg_channel__campaigns') }}

),

channels as (

    select *
    from {{ ref('channels') }}

),

links as (

    select
        lower(utm_source) as utm_source,
        lower(utm_medium) as utm_medium,
        touch_date
    from {{ ref('stg_channel__ad_touches') }}
    where utm_source is not null

),

customers as (

    select *
    from {{ ref('stg_crm__customers') }}

),

found as (

    select
        'campaign_of_bill' as source_kind,
        spend.campaign_id as source_value,
        spend.spend_date as seen_date,
        spend.cost_amount
    from spend
    left join campaigns
        on spend.campaign_id = campaigns.campaign_id
    where spend.campaign_id is not null and campaigns.campaign_id is null
    union all
    select
        'platform_of_bill' as source_kind,
        spend.platform as source_value,
        spend.spend_date as seen_date,
        spend.cost_amount
    from spend
    left join {{ ref('platforms') }} as platforms
        on spend.platform = platforms.platform
    where platforms.platform is null
    union all
    select
        'campaign_of_touch' as source_kind,
        touches.campaign_id as source_value,
        touches.touch_date as seen_date,
        0 as cost_amount
    from touches
    left join campaigns
        on touches.campaign_id = campaigns.campaign_id
    where touches.campaign_id is not null and campaigns.campaign_id is null
    union all
    select
        'channel_of_campaign' as source_kind,
        campaigns.channel_code as source_value,
        {{ business_day('campaigns.launched_at') }} as seen_date,
        0 as cost_amount
    from campaigns
    left join channels
        on campaigns.channel_code = channels.channel_code
    where campaigns.channel_code is not null and channels.channel_code is null
    union all
    select
        'tagged_link' as source_kind,
        links.utm_source || '/' || coalesce(links.utm_medium, '') as source_value,
        links.touch_date as seen_date,
        0 as cost_amount
    from links
    left join {{ ref('utm_mappings') }} as mappings
        on
            links.utm_source = mappings.utm_source
            and links.utm_medium = mappings.utm_medium
    where mappings.utm_source is null
    union all
    select
        'register_channel' as source_kind,
        customers.register_channel_code as source_value,
        customers.registration_date as seen_date,
        0 as cost_amount
    from customers
    left join channels
        on customers.register_channel_code = channels.channel_code
    where customers.register_channel_code is not null and channels.channel_code is null
    union all
    select
        'event_without_day' as source_kind,
        offline_event_id as source_value,
        start_date as seen_date,
        cost_amount
    from {{ ref('stg_channel__offline_events') }}
    where start_date is null and cost_amount > 0

)

select
    source_kind,
    source_value,
    cast(count(*) as bigint) as row_count,
    min(seen_date) as first_date,
    max(seen_date) as last_date,
    cast(sum(cost_amount) as decimal(18, 2)) as cost_amount
from found
group by source_kind, source_value
