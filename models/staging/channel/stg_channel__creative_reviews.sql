-- Grain: one row per review of a creative version, in its latest state.
with source as (

    select *
    from {{ latest_version(source('channel', 'creative_reviews'), ['review_id']) }} as ver

),

renamed as (

    select
        -- ids
        review_id,
        creative_id,
        version as creative_version,
        reviewer_id,

        -- text
        review_type,
        {{ known_since('decided_at', 'decision') }} as review_decision,
        {{ known_since('decided_at', 'reason') }} as review_reason,

        -- dates
        submitted_at,
        {{ business_day('submitted_at') }} as submitted_date,
        {{ known_by_as_of('decided_at') }} as decided_at,

        -- lineage
        _load_sequence as load_sequence
    from source

)

select *
from renamed
where submitted_date <= {{ as_of_date() }}
