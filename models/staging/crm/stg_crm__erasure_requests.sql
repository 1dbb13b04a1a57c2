-- Grain: one row per request to be erased, in its latest state.
with source as (

    select *
    from {{ latest_version(source('crm', 'erasure_requests'), ['request_id']) }} as ver

),

renamed as (

    select
        -- ids
        request_id,
        customer_id,

        -- text
        scope as erasure_scope,

        -- dates
        requested_at,
        {{ business_day('requested_at') }} as requested_date,

        -- lineage
        _load_sequence as load_sequence
    from source

)

select *
from renamed
where requested_date <= {{ as_of_date() }}
