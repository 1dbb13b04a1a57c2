-- Grain: one row per account of a customer in a product line, in its latest state.
with source as (

    select *
    from {{ latest_version(source('transaction', 'accounts'), ['account_id']) }} as ver

),

renamed as (

    select
        -- ids
        account_id,
        customer_id,

        -- text
        product_line,
        status as account_status,

        -- dates
        opened_at,
        {{ business_day('opened_at') }} as opened_date,
        {{ known_by_as_of('closed_at') }} as closed_at,

        -- lineage
        _load_sequence as load_sequence
    from source

)

select *
from renamed
where opened_date <= {{ as_of_date() }}
