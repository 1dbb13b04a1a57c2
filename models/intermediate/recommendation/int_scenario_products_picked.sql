-- Grain: one row per registered user and scenario with a product on sale: the product that would be
-- offered. It is the one with the fewest reasons against it; of equals the least risky, then by id.
with checked as (

    select *
    from {{ ref('int_scenario_products_checked') }}

),

ranked as (

    select
        *,
        row_number() over (
            partition by user_key, scenario_code
            order by
                case when is_outside_age then 1 else 0 end
                + case when is_overdue then 1 else 0 end
                + case when is_in_risk_tier then 1 else 0 end
                + case when is_above_tolerance then 1 else 0 end
                + case when is_held then 1 else 0 end,
                needed_tolerance,
                product_id
        ) as product_rank
    from checked

)

select
    user_key,
    scenario_code,
    product_id,
    product_line,
    age_years,
    minimum_age,
    maximum_age,
    days_past_due,
    late_days,
    needed_tolerance,
    tolerance_level,
    is_outside_age,
    is_overdue,
    is_in_risk_tier,
    is_above_tolerance,
    is_held
from ranked
where product_rank = 1
