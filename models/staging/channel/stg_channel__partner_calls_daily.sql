-- Grain: one row per business day, partner and scenario, as delivered last.
with source as (

    select *
    from {{
        latest_version(
            source('channel', 'partner_calls_daily'),
            ['call_date', 'partner_id', 'scenario_code'],
        )
    }} as ver

),

renamed as (

    select
        -- ids
        partner_id,

        -- text
        scenario_code,
        currency_code,

        -- numbers
        calls as call_count,
        fee_amount,
        referred_registrations,

        -- dates
        call_date,

        -- lineage
        _load_sequence as load_sequence
    from source

)

select *
from renamed
where call_date <= {{ as_of_date() }}
