-- Grain: one row per public mention that needs an answer, in its latest state.
with source as (

    select *
    from {{ latest_version(source('crm', 'sentiment_items'), ['item_id']) }} as ver

),

renamed as (

    select
        -- ids
        item_id,

        -- text
        found_by,
        severity,
        platform,
        topic,

        -- dates
        published_at,
        found_at,
        {{ business_day('found_at') }} as found_date,
        {{ known_by_as_of('responded_at') }} as responded_at,

        -- lineage
        _load_sequence as load_sequence
    from source

)

select *
from renamed
where found_date <= {{ as_of_date() }}
