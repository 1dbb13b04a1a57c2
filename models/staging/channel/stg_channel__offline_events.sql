-- Grain: one row per offline event, in its latest version.
with source as (

    select *
    from {{ latest_version(source('channel', 'offline_events'), ['event_id']) }} as ver

),

renamed as (

    select
        -- ids
        event_id as offline_event_id,
        campaign_id,

        -- text
        name as offline_event_name,
        kind as offline_event_kind,
        city_code,
        currency_code,

        -- numbers
        cost_amount,

        -- dates
        starts_at,
        {{ business_day('starts_at') }} as start_date,
        ends_at,

        -- lineage
        _load_sequence as load_sequence
    from source

)

select *
from renamed
where (start_date is null or start_date <= {{ as_of_date() }})
