-- Grain: one row per post on a content channel, in its latest state.
with source as (

    select *
    from {{ latest_version(source('channel', 'content_posts'), ['post_id']) }} as ver

),

renamed as (

    select
        -- ids
        post_id,

        -- text
        platform,
        content_type,
        scenario_code,

        -- numbers
        impressions,
        interactions,

        -- dates
        published_at,
        {{ business_day('published_at') }} as published_date,

        -- lineage
        _load_sequence as load_sequence
    from source

)

select *
from renamed
where published_date <= {{ as_of_date() }}
