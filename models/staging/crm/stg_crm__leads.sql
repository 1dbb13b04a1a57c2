-- Grain: one row per lead, in its latest state.
with source as (

    select *
    from {{ latest_version(source('crm', 'leads'), ['lead_id']) }} as ver

),

renamed as (

    select
        -- ids
        lead_id,
        phone_hash,
        campaign_id,
        offline_event_id,
        converted_customer_id,

        -- text
        source_channel as source_channel_code,

        -- dates
        created_at,
        {{ business_day('created_at') }} as created_date,
        {{ known_by_as_of('qualified_at') }} as qualified_at,
        {{ known_by_as_of('lost_at') }} as lost_at,

        -- lineage
        _load_sequence as load_sequence
    from source

)

select *
from renamed
where created_date <= {{ as_of_date() }}
