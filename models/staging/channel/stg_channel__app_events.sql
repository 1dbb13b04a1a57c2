-- Grain: one row per app event.
with source as (

    select *
    from {{ source('channel', 'app_events') }}

),

renamed as (

    select
        -- ids
        event_id,
        device_id_hash,
        session_id,
        customer_id,
        product_id,
        campaign_id,

        -- text
        event_name,
        page,
        scenario_code,
        os,
        app_version,
        ip_prefix,
        region_code,

        -- numbers
        dwell_seconds,

        -- dates
        occurred_at,
        {{ business_day('occurred_at') }} as event_date,
        received_at,

        -- lineage
        _load_sequence as load_sequence
    from source

)

select *
from renamed
where event_date <= {{ as_of_date() }}
