-- Grain: one row per logged impression or click.
with source as (

    select *
    from {{ source('channel', 'ad_touches') }}

),

renamed as (

    select
        -- ids
        touch_id,
        campaign_id,
        creative_id,
        device_id_hash,
        platform_user_id_hash,

        -- text
        kind as touch_kind,
        utm_source,
        utm_medium,
        utm_campaign,

        -- dates
        touched_at,
        {{ business_day('touched_at') }} as touch_date,

        -- lineage
        _load_sequence as load_sequence
    from source

)

select *
from renamed
where touch_date <= {{ as_of_date() }}
