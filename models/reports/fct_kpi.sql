-- Grain: one row per KPI, period grain, period, cut and cut value.
-- The SQL of a KPI is in kpis/<area>/kpi_<kpi_id>.sql; this table puts them under one another.
{% set kpi_ids = [
    'cac', 'cac_marginal', 'feed_ad_cac', 'short_video_cac', 'ctr', 'channel_budget_share',
    'organic_share', 'referral_k_factor',

    'registration_to_first_order', 'coupon_redemption_rate', 'chain_loss_social_app_purchase',
    'social_to_app_rate', 'share_step_dwell', 'branch_lookup_before_apply',
    'operation_frequency_mix', 'campaign_uplift',

    'retention_d30', 'retention_m18', 'churn_m18', 'repeat_purchase_rate',
    'retention_m18_offline_gap', 'winback_success_rate', 'winback_rechurn_d30',

    'mau', 'mau_growth_yoy', 'user_growth_yoy', 'market_share',

    'push_open_rate', 'contact_frequency', 'private_domain_share', 'community_interaction_rate',

    'scenario_revenue_share', 'scenario_conversion', 'scenario_penetration',
    'scenario_volatility_impact', 'scenario_product_contribution', 'cross_sell_conversion',
    'on_scenario_content_share', 'niche_promotion_share',

    'partner_count', 'partner_new_user_share', 'partner_api_call_growth', 'partner_api_revenue',

    'revenue_growth', 'ltv', 'ltv_growth', 'ltv_cac_ratio', 'cac_payback_months', 'marketing_roi',
    'high_value_concentration', 'aum_growth_yoy', 'hnw_annual_contribution', 'hnw_churn_rate',
    'hnw_reach_rate', 'hnw_renewal_rate',

    'tier_share', 'tier_potential_conversion', 'churn_model_accuracy',

    'identity_match_rate', 'dynamic_tag_coverage', 'basic_tag_only_share',
    'behaviour_data_use_rate', 'persona_accuracy',

    'contact_without_consent', 'consent_rate',

    'complaint_rate', 'complaint_promise_share', 'complaint_resolution_days',
] %}

with missing_inputs as (

    select kpi_id
    from {{ ref('int_kpi_inputs_checked') }}
    where row_count = 0
    group by kpi_id

),

kpis as (
    {% for kpi_id in kpi_ids %}
    select
        '{{ kpi_id }}' as kpi_id,
        period_grain,
        period_start_date,
        cut_name,
        cut_value,
        cast(kpi_value as decimal(24, 6)) as kpi_value,
        cast(numerator as decimal(24, 6)) as numerator,
        cast(denominator as decimal(24, 6)) as denominator,
        cast(sample_size as decimal(24, 2)) as sample_size,
        is_mature
    from {{ ref('kpi_' ~ kpi_id) }}
    {% if not loop.last %}
    union all
    {% endif %}
    {% endfor %}
)

-- A KPI that lacks an input has no value at all: the scorecard says which input is missing.
select kpis.*
from kpis
left join missing_inputs
    on kpis.kpi_id = missing_inputs.kpi_id
where missing_inputs.kpi_id is null
