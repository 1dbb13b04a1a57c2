-- Grain: one row per registered user and scenario on the as-of date, with its score, the product
-- that would be offered, how many reasons speak against it, and its place among those left.
with scores as (

    select *
    from {{ ref('int_scenarios_scored') }}
    where snapshot_number = 0

),

products as (

    select *
    from {{ ref('int_scenario_products_picked') }}

),

withheld as (

    select
        user_key,
        scenario_code,
        count(*) as reason_count
    from {{ ref('int_offers_withheld') }}
    group by user_key, scenario_code

),

joined as (

    select
        scores.*,
        products.product_id,
        cast(coalesce(withheld.reason_count, 0) as bigint) as withheld_reason_count,
        withheld.user_key is null as is_eligible
    from scores
    left join products
        on
            scores.user_key = products.user_key
            and scores.scenario_code = products.scenario_code
    left join withheld
        on
            scores.user_key = withheld.user_key
            and scores.scenario_code = withheld.scenario_code

),

ranked as (

    select
        *,
        row_number() over (
            partition by user_key, is_eligible
            order by scenario_rank
        ) as rank_among_equals
    from joined

)

select
    user_key,
    scenario_code,
    counted_to_date,
    interest,
    lifecycle_stage,
    age_band,
    preferred_product_line,
    uptake_ratio,
    taker_margin_amount,
    popularity_term,
    interest_term,
    lifecycle_stage_term,
    age_band_term,
    preferred_product_line_term,
    score_amount,
    scenario_rank,
    product_id,
    withheld_reason_count,
    is_eligible,
    case when is_eligible then cast(rank_among_equals as bigint) end as eligible_rank,
    is_eligible and rank_among_equals = 1 as is_offered
from ranked
