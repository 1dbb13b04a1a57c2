-- Grain: one row per customer account, in its latest version.
{{ config(materialized='table') }}

with source as (

    select *
    from {{
        latest_version(source('crm', 'customers'), ['customer_id'], version_column='updated_at')
    }} as ver

),

renamed as (

    select
        -- ids
        customer_id,
        phone_hash,
        id_card_hash,
        email_hash,
        member_number_hash,
        name_hash as person_name_hash,
        register_device_id_hash,

        -- text
        gender,
        city_code,
        income_band,
        occupation,
        register_channel as register_channel_code,

        -- dates
        birth_date,
        registered_at,
        {{ business_day('registered_at') }} as registration_date,
        updated_at,
        {{ known_by_as_of('deleted_at') }} as deleted_at,

        -- lineage
        _load_sequence as load_sequence
    from source

)

select *
from renamed
where (registration_date is null or registration_date <= {{ as_of_date() }})
