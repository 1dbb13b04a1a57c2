-- Grain: one row per experiment of the latest catalogue.
with source as (

    select *
    from {{ latest_version(source('crm', 'experiments'), ['experiment_id']) }} as ver

),

renamed as (

    select
        -- ids
        experiment_id,

        -- text
        name as experiment_name,
        primary_metric,
        planned_split as planned_split_json,

        -- dates
        started_at,
        {{ business_day('started_at') }} as started_date,
        ended_at,

        -- lineage
        _load_sequence as load_sequence
    from source

)

select *
from renamed
where started_date <= {{ as_of_date() }}
