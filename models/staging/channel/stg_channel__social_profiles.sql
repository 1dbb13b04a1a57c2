-- Grain: one row per follower of a social account, in its latest state.
with source as (

    select *
    from {{
        latest_version(source('channel', 'social_profiles'), ['platform', 'open_id_hash'])
    }} as ver

),

renamed as (

    select
        -- ids
        platform,
        open_id_hash,
        union_id_hash,
        phone_hash,
        nickname_hash,

        -- dates
        followed_at,
        {{ business_day('followed_at') }} as followed_date,
        {{ known_by_as_of('unfollowed_at') }} as unfollowed_at,

        -- lineage
        _load_sequence as load_sequence
    from source

)

select *
from renamed
where (followed_date is null or followed_date <= {{ as_of_date() }})
