-- Grain: one row per registered user seen in the 90 days up to the as-of date: chance of not being
-- seen in the next 30 days, and what speaks most for it.
with scored as (

    select *
    from {{ ref('int_users_churn_scored') }}
    where snapshot_number = 0

)

select
    user_key,
    counted_to_date,
    model_version,
    churn_probability as churn_ratio,
    is_warned,
    first_reason,
    second_reason,
    third_reason
from scored
