-- Grain: one row per user, purpose and period in which a consent stood (half open).
-- The latest action of any account of the user counts; a withdrawal wins at the same moment.
with consents as (

    select *
    from {{ ref('stg_crm__consents') }}

),

identifiers as (

    select *
    from {{ ref('int_identifiers_resolved') }}
    where identifier_type = 'customer'

),

actions as (

    select
        identifiers.user_key,
        consents.purpose,
        consents.consent_action,
        consents.happened_at,
        row_number() over (
            partition by identifiers.user_key, consents.purpose, consents.happened_at
            order by consents.consent_action desc, consents.consent_id asc
        ) as action_rank
    from consents
    inner join identifiers
        on consents.customer_id = identifiers.identifier_value

),

changes as (

    select
        user_key,
        purpose,
        consent_action,
        happened_at,
        lag(consent_action) over (
            partition by user_key, purpose
            order by happened_at
        ) as previous_action
    from actions
    where action_rank = 1

),

periods as (

    select
        user_key,
        purpose,
        consent_action,
        happened_at as valid_from_at,
        lead(happened_at) over (
            partition by user_key, purpose
            order by happened_at
        ) as valid_to_at
    from changes
    where previous_action is null or previous_action <> consent_action

)

select
    user_key,
    purpose,
    valid_from_at,
    valid_to_at
from periods
where consent_action = 'grant'
