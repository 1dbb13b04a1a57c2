-- Grain: one row per customer, product line and business day with a balance, as delivered last.
with source as (

    select *
    from {{
        latest_version(
            source('transaction', 'asset_balances'),
            ['customer_id', 'balance_date', 'product_line'],
        )
    }} as ver

),

renamed as (

    select
        -- ids
        customer_id,

        -- text
        product_line,
        currency_code,

        -- numbers
        balance_amount,

        -- dates
        balance_date,

        -- lineage
        _load_sequence as load_sequence
    from source

)

select *
from renamed
where balance_date <= {{ as_of_date() }}
