-- Users whose told tier, reason, stage or segment is not the one of fct_user_tier, or is not told.
with users as (

    select user_key
    from {{ ref('dim_user') }}
    where registration_date is not null and not is_deleted

),

tiers as (

    select *
    from {{ ref('fct_user_tier') }}
    where month_date = {{ period_start('month', as_of_date()) }}

),

told as (

    select
        user_key,
        max(case when term_code = 'tier_code' then value_text end) as tier_code,
        max(case when term_code like 'reason!_%' escape '!' then value_text end)
            as tier_reason_code,
        max(case when subject = 'lifecycle' and term_code = 'lifecycle_stage' then value_text end)
            as lifecycle_stage,
        max(case when term_code = 'rfm_segment' then value_text end) as rfm_segment
    from {{ ref('rpt_user_explanation') }}
    group by user_key

)

select
    tiers.user_key,
    tiers.tier_reason_code,
    told.tier_reason_code as told_reason_code
from tiers
inner join users
    on tiers.user_key = users.user_key
left join told
    on tiers.user_key = told.user_key
where
    coalesce(told.tier_code, 'not told') <> tiers.tier_code
    or coalesce(told.tier_reason_code, 'not told') <> tiers.tier_reason_code
    or coalesce(told.lifecycle_stage, 'none') <> coalesce(tiers.lifecycle_stage, 'none')
    or coalesce(told.rfm_segment, 'none') <> coalesce(tiers.rfm_segment, 'none')
