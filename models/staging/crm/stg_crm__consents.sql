-- Grain: one row per consent given or withdrawn.
with source as (

    select *
    from {{ source('crm', 'consents') }}

),

renamed as (

    select
        -- ids
        consent_id,
        customer_id,

        -- text
        purpose,
        action as consent_action,
        policy_version,
        source as consent_source,

        -- dates
        happened_at,
        {{ business_day('happened_at') }} as happened_date,

        -- lineage
        _load_sequence as load_sequence
    from source

)

select *
from renamed
where happened_date <= {{ as_of_date() }}
