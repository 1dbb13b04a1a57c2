-- Grain: one row per device, in its latest state.
with source as (

    select *
    from {{ latest_version(source('channel', 'devices'), ['device_id_hash']) }} as ver

),

renamed as (

    select
        -- ids
        device_id_hash,

        -- text
        model as device_model,
        os,
        os_version,
        screen,
        language,
        timezone,

        -- dates
        first_seen_at,
        {{ business_day('first_seen_at') }} as first_seen_date,

        -- lineage
        _load_sequence as load_sequence
    from source

)

select *
from renamed
where (first_seen_date is null or first_seen_date <= {{ as_of_date() }})
