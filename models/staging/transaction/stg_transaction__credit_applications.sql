-- Grain: one row per application for credit, in its latest state.
with source as (

    select *
    from {{
        latest_version(source('transaction', 'credit_applications'), ['application_id'])
    }} as ver

),

renamed as (

    select
        -- ids
        application_id,
        customer_id,
        product_id,
        campaign_id,
        creative_id,
        {{ known_since('decided_at', 'order_id') }} as order_id,

        -- text
        currency_code,
        {{ known_since('decided_at', 'decision') }} as application_decision,
        {{ known_since('decided_at', 'reason') }} as decision_reason,

        -- numbers
        amount as applied_amount,
        {{ known_since('decided_at', 'approved_amount') }} as approved_amount,
        {{ known_since('decided_at', 'annualised_rate') }} as annualised_rate,

        -- dates
        applied_at,
        {{ business_day('applied_at') }} as applied_date,
        {{ known_by_as_of('decided_at') }} as decided_at,

        -- lineage
        _load_sequence as load_sequence
    from source

)

select *
from renamed
where applied_date <= {{ as_of_date() }}
