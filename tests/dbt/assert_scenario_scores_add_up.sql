-- Scores that are not the sum of their terms, or not chance times margin but for the rounding of
-- the five terms.
select
    user_key,
    scenario_code
from {{ ref('fct_next_best_scenario') }}
where
    score_amount <> popularity_term + interest_term + lifecycle_stage_term + age_band_term
    + preferred_product_line_term
    or abs(score_amount - uptake_ratio * taker_margin_amount) > 0.000005
