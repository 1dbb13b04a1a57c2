-- Grain: one row per business day, platform, campaign and creative, as delivered last.
{{ config(materialized='table') }}

with source as (

    select *
    from {{
        latest_version(
            source('channel', 'ad_spend_daily'),
            ['spend_date', 'platform', 'campaign_id', 'creative_id'],
        )
    }} as ver

),

renamed as (

    select
        -- ids
        platform,
        campaign_id,
        creative_id,

        -- text
        currency_code,
        region,

        -- numbers
        impressions,
        clicks,
        cost_amount,
        platform_conversions,
        platform_approved_conversions,

        -- dates
        spend_date,

        -- lineage
        _load_sequence as load_sequence
    from source

)

select *
from renamed
where spend_date <= {{ as_of_date() }}
