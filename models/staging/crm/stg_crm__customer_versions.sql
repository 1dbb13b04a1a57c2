-- Grain: one row per customer account and version: what the CRM said from when on.
with source as (

    select *
    from {{ source('crm', 'customers') }}
    where not coalesce(_is_deleted, false)

),

renamed as (

    select
        -- ids
        customer_id,

        -- text
        gender,
        city_code,
        income_band,
        occupation,

        -- dates
        birth_date,
        coalesce(updated_at, registered_at) as said_at,
        {{ business_day('coalesce(updated_at, registered_at)') }} as said_date,

        -- lineage
        _load_sequence as load_sequence,
        row_number() over (
            partition by customer_id, coalesce(updated_at, registered_at)
            order by _load_sequence desc nulls last, _source_line desc nulls last
        ) as delivery_rank
    from source

)

select *
from renamed
where delivery_rank = 1 and (said_date is null or said_date <= {{ as_of_date() }})
