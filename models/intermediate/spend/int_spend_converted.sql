-- Grain: one row per bill line: a line of a platform's daily bill, or an offline event whose
-- campaign no platform bills. Amounts at the latest rate on or before the day; without a rate the
-- amount is empty, and a test stops the build.
with bills as (

    select *
    from {{ ref('stg_channel__ad_spend_daily') }}

),

events as (

    select *
    from {{ ref('stg_channel__offline_events') }}
    where cost_amount > 0 and start_date is not null

),

billed_campaigns as (

    select campaign_id
    from bills
    where cost_amount > 0
    group by campaign_id

),

campaigns as (

    select *
    from {{ ref('int_campaigns_mapped') }}

),

channels as (

    select *
    from {{ ref('channels') }}

),

rates as (

    select
        currency_code,
        rate_date,
        rate,
        lead(rate_date) over (partition by currency_code order by rate_date) as next_rate_date
    from {{ ref('exchange_rates') }}
    where to_currency_code = '{{ var("reporting_currency") }}'

),

lines as (

    select
        'platform' as spend_kind,
        spend_date,
        platform,
        campaign_id,
        creative_id,
        cast(null as string) as offline_event_id,
        region as billed_region,
        cast(null as string) as event_city_code,
        cost_amount as original_amount,
        currency_code,
        impressions,
        clicks,
        coalesce(platform_conversions, 0) as platform_conversions,
        coalesce(platform_approved_conversions, 0) as platform_approved_conversions
    from bills
    union all
    select
        'offline_event' as spend_kind,
        events.start_date as spend_date,
        events.offline_event_kind as platform,
        events.campaign_id,
        cast(null as string) as creative_id,
        events.offline_event_id,
        cast(null as string) as billed_region,
        events.city_code as event_city_code,
        events.cost_amount as original_amount,
        events.currency_code,
        0 as impressions,
        0 as clicks,
        0 as platform_conversions,
        0 as platform_approved_conversions
    from events
    left join billed_campaigns
        on events.campaign_id = billed_campaigns.campaign_id
    where billed_campaigns.campaign_id is null

),

rated as (

    select
        lines.*,
        case
            when lines.currency_code = '{{ var("reporting_currency") }}'
                then cast(1 as decimal(18, 8))
            else rates.rate
        end as exchange_rate
    from lines
    left join rates
        on
            lines.currency_code = rates.currency_code
            and lines.spend_date >= rates.rate_date
            and lines.spend_date < coalesce(rates.next_rate_date, cast('9999-12-31' as date))

)

-- The channel is the campaign's, else the kind of the offline event, which is a channel code.
select
    rated.spend_kind,
    rated.spend_date,
    rated.platform,
    rated.campaign_id,
    rated.creative_id,
    rated.offline_event_id,
    coalesce(campaigns.channel_code, channels.channel_code, 'unmapped') as channel_code,
    coalesce(campaigns.is_acquisition, true) as is_acquisition,
    rated.billed_region,
    rated.event_city_code,
    rated.original_amount,
    rated.currency_code,
    rated.exchange_rate,
    cast(rated.original_amount * rated.exchange_rate as decimal(18, 2)) as cost_amount,
    rated.impressions,
    rated.clicks,
    rated.platform_conversions,
    rated.platform_approved_conversions
from rated
left join campaigns
    on rated.campaign_id = campaigns.campaign_id
left join channels
    on
        case when rated.spend_kind = 'offline_event' then rated.platform end
        = channels.channel_code
