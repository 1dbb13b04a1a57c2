-- Grain: one row per experiment and customer, in its latest state.
with source as (

    select *
    from {{
        latest_version(source('crm', 'experiment_assignments'), ['experiment_id', 'customer_id'])
    }} as ver

),

renamed as (

    select
        -- ids
        experiment_id,
        customer_id,

        -- text
        variant,

        -- dates
        assigned_at,
        {{ business_day('assigned_at') }} as assigned_date,
        {{ known_by_as_of('first_exposed_at') }} as first_exposed_at,

        -- lineage
        _load_sequence as load_sequence
    from source

)

select *
from renamed
where assigned_date <= {{ as_of_date() }}
