-- Grain: one row per month and cut. Share of the revenue of the 12 months to the month's end that
-- the 12 % of users with most of it earned; the cut `measure` = `gini` gives the Gini coefficient.
-- Mature once 12 months of orders have been delivered.
with curve as (

    select *
    from {{ ref('rpt_value_concentration') }}
    where user_percent = 12

),

observed as (

    select min(order_date) as first_date
    from {{ ref('fct_order') }}

),

joined as (

    select
        curve.*,
        curve.is_complete
        and {{ add_months('observed.first_date', 12) }} <= {{ add_months('curve.month_date', 1) }}
            as is_mature
    from curve
    cross join observed

)

select
    'month' as period_grain,
    month_date as period_start_date,
    'all' as cut_name,
    'all' as cut_value,
    revenue_ratio as kpi_value,
    top_revenue_amount as numerator,
    revenue_amount as denominator,
    user_count as sample_size,
    is_mature
from joined
union all
select
    'month' as period_grain,
    month_date as period_start_date,
    'measure' as cut_name,
    'gini' as cut_value,
    gini_ratio as kpi_value,
    gini_ratio as numerator,
    cast(null as decimal(18, 2)) as denominator,
    user_count as sample_size,
    is_mature
from joined
