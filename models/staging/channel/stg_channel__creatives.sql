-- Grain: one row per creative and version, as delivered last.
with source as (

    select *
    from {{ latest_version(source('channel', 'creatives'), ['creative_id', 'version']) }} as ver

),

renamed as (

    select
        -- ids
        creative_id,
        version as creative_version,
        campaign_id,

        -- text
        title,
        body,
        landing_text,
        risk_label,
        content_type,
        content_style,

        -- numbers
        advertised_apr,
        advertised_fee,
        advertised_seconds,

        -- dates
        live_from_at,
        live_to_at,

        -- lineage
        _load_sequence as load_sequence
    from source

)

select *
from renamed
