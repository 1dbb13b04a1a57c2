-- Grain: one row per payment or transfer of a customer.
with source as (

    select *
    from {{ source('transaction', 'payments') }}

),

renamed as (

    select
        -- ids
        payment_id,
        customer_id,
        account_id,

        -- text
        kind as payment_kind,
        counterparty_kind,
        currency_code,

        -- numbers
        amount as payment_amount,
        fee_amount,

        -- dates
        paid_at,
        {{ business_day('paid_at') }} as paid_date,

        -- lineage
        _load_sequence as load_sequence
    from source

)

select *
from renamed
where paid_date <= {{ as_of_date() }}
