-- Grain: one row per month and tier of the plan: share of the tiered users against the plan's.
with shares as (

    select *
    from {{ ref('kpi_tier_share') }}

),

plan as (

    select
        cut as tier_code,
        max(target_value) as plan_ratio
    from {{ ref('kpi_targets') }}
    where kpi_id = 'tier_share' and kind = 'target'
    group by cut

)

select
    shares.period_start_date as month_date,
    shares.cut_value as tier_code,
    shares.is_mature as is_complete,
    cast(shares.numerator as bigint) as user_count,
    cast(shares.denominator as bigint) as tiered_user_count,
    shares.kpi_value as share_ratio,
    plan.plan_ratio,
    cast(shares.kpi_value - plan.plan_ratio as decimal(24, 6)) as gap_ratio
from shares
left join plan
    on shares.cut_value = plan.tier_code
