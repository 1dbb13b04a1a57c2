-- Grain: one row per WeCom contact and staff member, in its latest state.
with source as (

    select *
    from {{
        latest_version(source('channel', 'wecom_contacts'), ['external_user_id_hash', 'staff_id'])
    }} as ver

),

renamed as (

    select
        -- ids
        external_user_id_hash,
        staff_id,
        union_id_hash,
        phone_hash,

        -- text
        source as contact_source,

        -- dates
        added_at,
        {{ business_day('added_at') }} as added_date,
        {{ known_by_as_of('removed_at') }} as removed_at,

        -- lineage
        _load_sequence as load_sequence
    from source

)

select *
from renamed
where added_date <= {{ as_of_date() }}
