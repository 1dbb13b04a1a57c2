-- Grain: one row per customer account and purpose whose latest word is a withdrawal.
-- By account, not by user: identity itself needs it, to cut what rested on the consent.
with ranked as (

    select
        customer_id,
        purpose,
        consent_action,
        happened_at,
        row_number() over (
            partition by customer_id, purpose
            order by happened_at desc, consent_action desc, consent_id asc
        ) as action_rank
    from {{ ref('stg_crm__consents') }}

)

select
    customer_id,
    purpose,
    happened_at as withdrawn_at
from ranked
where action_rank = 1 and consent_action = 'withdraw'
