-- Grain: one row per user and answer that names a risk tolerance (R1 to R5, as `risk_tolerance` in
-- a survey of the kind profile), with the months it counts for.
with surveys as (

    select
        response_id,
        customer_id,
        answered_at,
        {{ business_day('answered_at') }} as answered_date,
        {{ json_text('answers_json', 'risk_tolerance') }} as risk_tolerance
    from {{ ref('stg_crm__surveys') }}
    where survey_kind = 'profile' and answered_at is not null

),

identifiers as (

    select *
    from {{ ref('int_identifiers_resolved') }}
    where identifier_type = 'customer'

),

settings as (

    {{ pivoted_settings(ref('tier_settings'), ['questionnaire_months']) }}

)

select
    identifiers.user_key,
    surveys.response_id,
    surveys.answered_at,
    surveys.answered_date as valid_from_date,
    least(
        {{ add_months('surveys.answered_date', 'settings.questionnaire_months') }},
        coalesce(
            lead(surveys.answered_date) over (
                partition by identifiers.user_key
                order by surveys.answered_at, surveys.response_id
            ),
            cast('9999-12-31' as date)
        )
    ) as valid_to_date,
    cast(substr(surveys.risk_tolerance, 2, 1) as bigint) as tolerance_level
from surveys
inner join identifiers
    on surveys.customer_id = identifiers.identifier_value
cross join settings
where surveys.risk_tolerance in ('R1', 'R2', 'R3', 'R4', 'R5')
