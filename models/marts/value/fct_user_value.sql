-- Grain: one row per user and product line with a promoted model: margin still to be expected as of
-- the as-of date, with its terms.
with predicted as (

    select *
    from {{ ref('int_users_value_predicted') }}
    where not is_holdout

)

select
    user_key,
    product_line,
    model_version,
    alive_probability as alive_ratio,
    units_12_months,
    units_36_months,
    unit_margin as unit_margin_amount,
    predicted_margin_12_months as predicted_margin_12_months_amount,
    predicted_margin_36_months as predicted_margin_36_months_amount
from predicted
