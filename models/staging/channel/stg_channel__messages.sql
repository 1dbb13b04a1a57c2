-- Grain: one row per message, in its latest delivered version.
{{ config(materialized='table') }}

with source as (

    select *
    from {{ latest_version(source('channel', 'messages'), ['message_id']) }} as ver

),

renamed as (

    select
        -- ids
        message_id,
        campaign_id,
        customer_id,
        recipient_phone_hash,

        -- text
        message_channel,
        purpose,

        -- dates
        sent_at,
        {{ business_day('sent_at') }} as sent_date,
        {{ known_by_as_of('delivered_at') }} as delivered_at,
        {{ known_by_as_of('opened_at') }} as opened_at,
        {{ known_by_as_of('clicked_at') }} as clicked_at,

        -- lineage
        _load_sequence as load_sequence
    from source

)

select *
from renamed
where sent_date <= {{ as_of_date() }}
