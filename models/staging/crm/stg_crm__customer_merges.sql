-- Grain: one row per merge of two customer accounts, in its latest state.
with source as (

    select *
    from {{
        latest_version(
            source('crm', 'customer_merges'),
            ['merged_customer_id', 'surviving_customer_id'],
        )
    }} as ver

),

renamed as (

    select
        -- ids
        merged_customer_id,
        surviving_customer_id,

        -- text
        reason as merge_reason,

        -- dates
        merged_at,
        {{ business_day('merged_at') }} as merged_date,
        {{ known_by_as_of('undone_at') }} as undone_at,

        -- lineage
        _load_sequence as load_sequence
    from source

)

select *
from renamed
where merged_date <= {{ as_of_date() }}
