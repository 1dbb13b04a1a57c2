-- Grain: one row per user with an account and calendar month, from the first that the user is known
-- in: tier after hysteresis, its reason, and the dimensions behind it at the month's end.
with tiers as (

    select *
    from {{ ref('int_tiers_assigned') }}

),

months as (

    select *
    from {{ ref('int_user_months_listed') }}

),

scores as (

    select *
    from {{ ref('int_user_months_rfm_scored') }}

),

risks as (

    select *
    from {{ ref('int_risk_tolerances_scored') }}

),

ordered as (

    select *
    from {{ ref('int_user_months_ordered') }}

),

preferences as (

    select
        user_key,
        month_date,
        max(case when preference_kind = 'product_line' then preference_value end)
            as preferred_product_line,
        max(case when preference_kind = 'scenario' then preference_value end)
            as preferred_scenario_code,
        max(case when preference_kind = 'message_channel' then preference_value end)
            as preferred_message_channel
    from {{ ref('int_preferences_ranked') }}
    group by user_key, month_date

),

settings as (

    {{ pivoted_settings(ref('tier_settings'), ['high_net_worth_amount']) }}

)

select
    tiers.user_key,
    tiers.month_date,
    tiers.month_end_date,
    tiers.is_complete,
    tiers.tier_code,
    tiers.tier_reason_code,
    tiers.previous_tier_code,
    tiers.candidate_tier_code,
    tiers.candidate_reason_code,
    tiers.candidate_months,
    months.lifecycle_stage,
    scores.recency_score,
    scores.frequency_score,
    scores.revenue_score,
    scores.rfm_segment,
    scores.rfm_class,
    risks.risk_tolerance_level,
    risks.tolerance_basis,
    preferences.preferred_product_line,
    preferences.preferred_scenario_code,
    preferences.preferred_message_channel,
    ordered.order_count,
    ordered.order_count_12m,
    ordered.revenue_12m,
    risks.assets_amount,
    risks.assets_amount >= settings.high_net_worth_amount as is_high_net_worth
from tiers
cross join settings
inner join months
    on
        tiers.user_key = months.user_key
        and tiers.month_date = months.month_date
inner join risks
    on
        tiers.user_key = risks.user_key
        and tiers.month_date = risks.month_date
inner join ordered
    on
        tiers.user_key = ordered.user_key
        and tiers.month_date = ordered.month_date
left join scores
    on
        tiers.user_key = scores.user_key
        and tiers.month_date = scores.month_date
left join preferences
    on
        tiers.user_key = preferences.user_key
        and tiers.month_date = preferences.month_date
