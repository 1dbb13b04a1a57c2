-- Grain: one row per order, in its latest delivered version.
{{ config(materialized='table') }}

with source as (

    select *
    from {{ latest_version(source('transaction', 'orders'), ['order_id']) }} as ver

),

renamed as (

    select
        -- ids
        order_id,
        customer_id,
        account_id,
        product_id,
        renewed_from_order_id,
        device_id_hash,

        -- text
        status as order_status,
        currency_code,
        channel_code,

        -- numbers
        amount as order_amount,
        revenue_amount,
        variable_cost_amount,

        -- dates
        ordered_at,
        {{ business_day('ordered_at') }} as order_date,
        matured_at,

        -- lineage
        _load_sequence as load_sequence
    from source

)

select *
from renamed
where order_date <= {{ as_of_date() }}
