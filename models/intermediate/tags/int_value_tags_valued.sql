-- Grain: one row per user, complete month and value tag (RFM segment, tier, high net worth) that
-- has a value at its end.
with months as (

    select *
    from {{ ref('int_user_months_listed') }}
    where is_complete

),

scores as (

    select *
    from {{ ref('int_user_months_rfm_scored') }}

),

tiers as (

    select *
    from {{ ref('int_tiers_assigned') }}

),

risks as (

    select *
    from {{ ref('int_risk_tolerances_scored') }}

),

settings as (

    {{ pivoted_settings(ref('tier_settings'), ['high_net_worth_amount']) }}

)

select
    months.user_key,
    months.month_date,
    months.month_end_date,
    'rfm_segment' as tag_code,
    scores.rfm_segment as tag_value
from months
inner join scores
    on
        months.user_key = scores.user_key
        and months.month_date = scores.month_date
union all
select
    months.user_key,
    months.month_date,
    months.month_end_date,
    'tier' as tag_code,
    tiers.tier_code as tag_value
from months
inner join tiers
    on
        months.user_key = tiers.user_key
        and months.month_date = tiers.month_date
union all
select
    months.user_key,
    months.month_date,
    months.month_end_date,
    'high_net_worth' as tag_code,
    'yes' as tag_value
from months
inner join risks
    on
        months.user_key = risks.user_key
        and months.month_date = risks.month_date
cross join settings
where risks.assets_amount >= settings.high_net_worth_amount
