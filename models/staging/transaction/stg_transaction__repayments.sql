-- Grain: one row per instalment, in its latest delivered version.
{{ config(materialized='table') }}

with source as (

    select *
    from {{ latest_version(source('transaction', 'repayments'), ['repayment_id']) }} as ver

),

renamed as (

    select
        -- ids
        repayment_id,
        order_id,

        -- text
        currency_code,

        -- numbers
        due_amount,
        paid_amount,
        days_past_due,

        -- dates
        due_at,
        {{ business_day('due_at') }} as due_date,
        {{ known_by_as_of('paid_at') }} as paid_at,
        {{ business_day(known_by_as_of('paid_at')) }} as paid_date,

        -- lineage
        _load_sequence as load_sequence
    from source

)

select *
from renamed
