-- Grain: one row per campaign, in its latest delivered version.
{{ config(materialized='table') }}

with source as (

    select *
    from {{ latest_version(source('channel', 'campaigns'), ['campaign_id']) }} as ver

),

renamed as (

    select
        -- ids
        campaign_id,
        product_id,

        -- text
        name as campaign_name,
        channel_code,
        objective,
        scenario_code,
        currency_code,
        team,

        -- numbers
        budget_amount,

        -- dates
        brief_at,
        launched_at,
        ended_at,

        -- lineage
        _load_sequence as load_sequence
    from source

)

select *
from renamed
