-- Grain: one row per bill line: a line of a platform's daily bill, or an offline event whose
-- campaign no platform bills, on the day it starts.
-- A place is what the bill names as its region, else the city of the campaign's offline event.
with lines as (

    select *
    from {{ ref('int_spend_converted') }}

),

event_cities as (

    select
        campaign_id,
        min(city_code) as city_code
    from {{ ref('stg_channel__offline_events') }}
    where campaign_id is not null and city_code is not null
    group by campaign_id
    having min(city_code) = max(city_code)

),

provinces as (

    select *
    from {{ ref('provinces') }}

),

regions as (

    select region_code
    from provinces
    group by region_code

),

cities as (

    select *
    from {{ ref('cities') }}

),

placed as (

    select
        lines.*,
        regions.region_code as named_region_code,
        case
            when billed.province_prefix is not null then lines.billed_region
            when regions.region_code is null
                then coalesce(lines.event_city_code, event_cities.city_code)
        end as place_code
    from lines
    left join regions
        on lines.billed_region = regions.region_code
    left join provinces as billed
        on substr(lines.billed_region, 1, 2) = billed.province_prefix
    left join event_cities
        on lines.campaign_id = event_cities.campaign_id

)

select
    {{ surrogate_key([
        'placed.spend_kind', 'placed.spend_date', 'placed.platform', 'placed.campaign_id',
        'placed.creative_id', 'placed.offline_event_id',
    ]) }} as spend_key,
    placed.spend_kind,
    placed.spend_date,
    placed.platform,
    placed.campaign_id,
    placed.creative_id,
    placed.offline_event_id,
    placed.channel_code,
    placed.is_acquisition,
    placed.billed_region,
    coalesce(placed.named_region_code, provinces.region_code) as region_code,
    -- A code that names a province only has no tier.
    case
        when provinces.region_code is not null and substr(placed.place_code, 3) not in ('', '0000')
            then coalesce(cities.city_tier, 'tier_3_and_below')
    end as city_tier,
    placed.original_amount,
    placed.currency_code,
    placed.exchange_rate,
    placed.cost_amount,
    cast(placed.impressions as bigint) as impressions,
    cast(placed.clicks as bigint) as clicks,
    cast(placed.platform_conversions as bigint) as platform_conversions,
    cast(placed.platform_approved_conversions as bigint) as platform_approved_conversions
from placed
left join provinces
    on substr(placed.place_code, 1, 2) = provinces.province_prefix
left join cities
    on placed.place_code = cities.city_code
