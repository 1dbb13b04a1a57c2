-- Grain: one row per registered user, scenario and reason why it is not offered on the as-of date.
with withheld as (

    select *
    from {{ ref('int_offers_withheld') }}

)

select
    user_key,
    scenario_code,
    reason_code,
    observed_value,
    limit_value
from withheld
