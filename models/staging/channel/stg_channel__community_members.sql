-- Grain: one row per community group and member, in its latest state.
with source as (

    select *
    from {{
        latest_version(
            source('channel', 'community_members'),
            ['group_id', 'external_user_id_hash'],
        )
    }} as ver

),

renamed as (

    select
        -- ids
        group_id,
        external_user_id_hash,

        -- dates
        joined_at,
        {{ business_day('joined_at') }} as joined_date,
        {{ known_by_as_of('left_at') }} as left_at,

        -- lineage
        _load_sequence as load_sequence
    from source

)

select *
from renamed
where joined_date <= {{ as_of_date() }}
