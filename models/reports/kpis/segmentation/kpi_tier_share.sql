-- Grain: one row per month and tier of the plan. Users in the tier at the month's end over the
-- users tiered (those lost for long are not). A share has no total.
with tiers as (

    select
        month_date,
        is_complete,
        tier_code,
        count(*) as users
    from {{ ref('fct_user_tier') }}
    where tier_code <> 'lapsed'
    group by month_date, is_complete, tier_code

),

totals as (

    select
        month_date,
        sum(users) as users
    from tiers
    group by month_date

)

select
    'month' as period_grain,
    tiers.month_date as period_start_date,
    'tier' as cut_name,
    tiers.tier_code as cut_value,
    {{ ratio('tiers.users', 'totals.users') }} as kpi_value,
    tiers.users as numerator,
    totals.users as denominator,
    totals.users as sample_size,
    tiers.is_complete as is_mature
from tiers
inner join totals
    on tiers.month_date = totals.month_date
