-- Grain: one row per customer account and device, in its latest delivered version.
{{ config(materialized='table') }}

with source as (

    select *
    from {{
        latest_version(source('crm', 'customer_devices'), ['customer_id', 'device_id_hash'])
    }} as ver

),

renamed as (

    select
        -- ids
        customer_id,
        device_id_hash,

        -- dates
        first_seen_at,
        {{ business_day('first_seen_at') }} as first_seen_date,
        last_seen_at,

        -- lineage
        _load_sequence as load_sequence
    from source

)

select *
from renamed
where first_seen_date <= {{ as_of_date() }}
