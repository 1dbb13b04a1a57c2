-- Grain: one row per answer to a survey.
with source as (

    select *
    from {{ source('crm', 'surveys') }}

),

renamed as (

    select
        -- ids
        response_id,
        customer_id,

        -- text
        kind as survey_kind,
        {{ known_since('answered_at', 'labels') }} as labels,
        {{ known_since('answered_at', 'answers') }} as answers_json,

        -- numbers
        {{ known_since('answered_at', 'score') }} as survey_score,

        -- dates
        asked_at,
        {{ business_day('asked_at') }} as asked_date,
        {{ known_by_as_of('answered_at') }} as answered_at,

        -- lineage
        _load_sequence as load_sequence
    from source

)

select *
from renamed
where asked_date <= {{ as_of_date() }}
