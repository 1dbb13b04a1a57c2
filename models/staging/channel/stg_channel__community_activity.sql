-- Grain: one row per action of a member in a community group.
with source as (

    select *
    from {{ source('channel', 'community_activity') }}

),

renamed as (

    select
        -- ids
        activity_id,
        group_id,
        external_user_id_hash,

        -- text
        kind as activity_kind,

        -- dates
        happened_at,
        {{ business_day('happened_at') }} as happened_date,

        -- lineage
        _load_sequence as load_sequence
    from source

)

select *
from renamed
where happened_date <= {{ as_of_date() }}
