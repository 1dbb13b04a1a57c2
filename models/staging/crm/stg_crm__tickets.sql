-- Grain: one row per service ticket, in its latest delivered version.
{{ config(materialized='table') }}

with source as (

    select *
    from {{ latest_version(source('crm', 'tickets'), ['ticket_id']) }} as ver

),

renamed as (

    select
        -- ids
        ticket_id,
        customer_id,
        product_id,
        campaign_id,

        -- text
        kind as ticket_kind,
        topic as topic_code,
        severity,

        -- numbers
        reopened_count,

        -- flags
        solvable as is_solvable,

        -- dates
        opened_at,
        {{ business_day('opened_at') }} as opened_date,
        {{ known_by_as_of('first_reply_at') }} as first_reply_at,
        {{ known_by_as_of('resolved_at') }} as resolved_at,

        -- lineage
        _load_sequence as load_sequence
    from source

)

select *
from renamed
where opened_date <= {{ as_of_date() }}
