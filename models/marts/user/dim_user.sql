-- Grain: one row per unified user, anonymous visitors included.
with identifiers as (

    select *
    from {{ ref('int_identifiers_resolved') }}

),

golden as (

    select *
    from {{ ref('int_users_surviving') }}

),

acquired as (

    select *
    from {{ ref('int_users_acquired') }}

),

orders as (

    select *
    from {{ ref('int_orders_valued') }}

),

consents as (

    select *
    from {{ ref('int_consents_validated') }}
    where purpose = 'marketing' and valid_to_at is null

),

stages as (

    select *
    from {{ ref('int_lifecycle_stages_derived') }}
    where valid_to_date = cast('9999-12-31' as date)

),

tiers as (

    select *
    from {{ ref('int_tiers_assigned') }}
    where month_date = {{ period_start('month', as_of_date()) }}

),

scores as (

    select *
    from {{ ref('int_user_months_rfm_scored') }}
    where month_date = {{ period_start('month', as_of_date()) }}

),

risks as (

    select *
    from {{ ref('int_risk_tolerances_scored') }}
    where month_date = {{ period_start('month', as_of_date()) }}

),

provinces as (

    select *
    from {{ ref('provinces') }}

),

cities as (

    select *
    from {{ ref('cities') }}

),

forecasts as (

    select
        user_key,
        sum(predicted_margin_36_months) as predicted_margin
    from {{ ref('int_users_value_predicted') }}
    where not is_holdout
    group by user_key

),

warnings as (

    select *
    from {{ ref('int_users_churn_scored') }}
    where snapshot_number = 0

),

settings as (

    {{ pivoted_settings(ref('tier_settings'), ['high_net_worth_amount']) }}

),

users as (

    select
        user_key,
        min(first_seen_at) as first_seen_at,
        max(last_seen_at) as last_seen_at,
        count(*) as identifier_count,
        cast(sum(case when identifier_type = 'device' then 1 else 0 end) as bigint) as device_count
    from identifiers
    group by user_key

),

ordered as (

    select
        user_key,
        min(ordered_at) as first_order_at,
        min(order_date) as first_order_date,
        max(order_date) as last_order_date,
        count(*) as order_count,
        cast(sum(coalesce(revenue_amount, 0)) as decimal(18, 2)) as revenue_amount,
        cast(sum(margin_amount) as decimal(18, 2)) as margin_amount
    from orders
    group by user_key

)

select
    users.user_key,
    golden.user_key is not null as is_registered,
    coalesce(golden.is_deleted, false) as is_deleted,
    coalesce(golden.account_count, 0) as account_count,
    users.identifier_count,
    users.device_count,
    users.first_seen_at,
    users.last_seen_at,
    acquired.registered_at,
    acquired.registration_date,
    acquired.acquisition_channel_code,
    acquired.acquisition_basis,
    acquired.acquisition_campaign_id,
    golden.gender,
    case
        when golden.birth_date is null then null
        when {{ add_months('golden.birth_date', 12 * 18) }} > {{ as_of_date() }} then 'under_18'
        when {{ add_months('golden.birth_date', 12 * 25) }} > {{ as_of_date() }} then '18_24'
        when {{ add_months('golden.birth_date', 12 * 35) }} > {{ as_of_date() }} then '25_34'
        when {{ add_months('golden.birth_date', 12 * 45) }} > {{ as_of_date() }} then '35_44'
        when {{ add_months('golden.birth_date', 12 * 60) }} > {{ as_of_date() }} then '45_59'
        else '60_plus'
    end as age_band,
    golden.city_code,
    provinces.region_code,
    -- A code that names a province only has no tier.
    case
        when provinces.region_code is not null and substr(golden.city_code, 3) <> '0000'
            then coalesce(cities.city_tier, 'tier_3_and_below')
    end as city_tier,
    golden.income_band,
    golden.occupation,
    coalesce(
        golden.has_gender_conflict
        or golden.has_birth_date_conflict
        or golden.has_city_code_conflict
        or golden.has_income_band_conflict
        or golden.has_occupation_conflict,
        false
    ) as has_attribute_conflict,
    ordered.first_order_at,
    ordered.first_order_date,
    ordered.last_order_date,
    coalesce(ordered.order_count, 0) as order_count,
    coalesce(ordered.revenue_amount, cast(0 as decimal(18, 2))) as revenue_amount,
    coalesce(ordered.margin_amount, cast(0 as decimal(18, 2))) as margin_amount,
    consents.user_key is not null as has_marketing_consent,
    stages.lifecycle_stage,
    stages.valid_from_date as lifecycle_since_date,
    tiers.tier_code,
    tiers.tier_reason_code,
    scores.rfm_segment,
    scores.rfm_class,
    risks.risk_tolerance_level,
    coalesce(risks.assets_amount >= settings.high_net_worth_amount, false) as is_high_net_worth,
    cast(forecasts.predicted_margin as decimal(18, 2)) as predicted_margin_36_months_amount,
    warnings.churn_probability as churn_ratio,
    coalesce(warnings.is_warned, false) as is_churn_warned
from users
cross join settings
left join stages
    on users.user_key = stages.user_key
left join tiers
    on users.user_key = tiers.user_key
left join scores
    on users.user_key = scores.user_key
left join risks
    on users.user_key = risks.user_key
left join forecasts
    on users.user_key = forecasts.user_key
left join warnings
    on users.user_key = warnings.user_key
left join golden
    on users.user_key = golden.user_key
left join provinces
    on substr(golden.city_code, 1, 2) = provinces.province_prefix
left join cities
    on golden.city_code = cities.city_code
left join acquired
    on users.user_key = acquired.user_key
left join ordered
    on users.user_key = ordered.user_key
left join consents
    on users.user_key = consents.user_key
