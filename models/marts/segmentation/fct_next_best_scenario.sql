-- Grain: one row per registered user and scenario on the as-of date: margin to be expected with its
-- terms, rank, and whether it is what the user is offered.
with ranked as (

    select *
    from {{ ref('int_offers_ranked') }}

)

select
    user_key,
    scenario_code,
    counted_to_date,
    scenario_rank,
    score_amount,
    popularity_term,
    interest_term,
    lifecycle_stage_term,
    age_band_term,
    preferred_product_line_term,
    uptake_ratio,
    taker_margin_amount,
    interest,
    lifecycle_stage,
    age_band,
    preferred_product_line,
    product_id,
    withheld_reason_count,
    is_eligible,
    eligible_rank,
    is_offered
from ranked
