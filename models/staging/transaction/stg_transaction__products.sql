-- Grain: one row per product, in its latest delivered version.
{{ config(materialized='table') }}

with source as (

    select *
    from {{ latest_version(source('transaction', 'products'), ['product_id']) }} as ver

),

renamed as (

    select
        -- ids
        product_id,

        -- text
        name as product_name,
        product_line,
        scenario_code,
        risk_level,
        segment,

        -- numbers
        annualised_rate,

        -- flags
        is_bundle,

        -- dates
        launched_at,

        -- lineage
        _load_sequence as load_sequence
    from source

)

select *
from renamed
