-- Grain: one row per decision to offer a product to a customer, or not to.
with source as (

    select *
    from {{ source('crm', 'recommendations') }}

),

renamed as (

    select
        -- ids
        decision_id,
        customer_id,
        product_id,

        -- text
        reason_codes,

        -- numbers
        score as recommendation_score,
        price_offered,

        -- flags
        shown as is_shown,

        -- dates
        decided_at,
        {{ business_day('decided_at') }} as decided_date,

        -- lineage
        _load_sequence as load_sequence
    from source

)

select *
from renamed
where decided_date <= {{ as_of_date() }}
