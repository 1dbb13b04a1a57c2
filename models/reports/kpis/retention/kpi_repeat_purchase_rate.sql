-- Grain: one row per month and cut. Of the users with an order in the 12 months to the month's
-- end, those with two or more. Mature once 12 months of orders have been delivered.
with orders as (

    select
        user_key,
        order_date,
        coalesce(product_line, 'unknown') as product_line
    from {{ ref('fct_order') }}

),

tiers as (

    select
        user_key,
        month_date,
        tier_code
    from {{ ref('fct_user_tier') }}

),

months as (

    select distinct
        period_start_date,
        period_end_date,
        is_complete
    from {{ ref('dim_period') }}
    where period_grain = 'month'

),

observed as (

    select min(order_date) as first_date
    from orders

),

bought as (

    select
        months.period_start_date,
        months.is_complete
        and {{ add_months('observed.first_date', 12) }}
        <= {{ add_days('months.period_end_date', 1) }} as is_mature,
        orders.user_key,
        orders.product_line,
        coalesce(tiers.tier_code, 'none') as tier_code
    from months
    cross join observed
    inner join orders
        on
            months.period_end_date >= orders.order_date
            and orders.order_date >= {{ add_months('months.period_start_date', -11) }}
    left join tiers
        on
            orders.user_key = tiers.user_key
            and months.period_start_date = tiers.month_date

),

buyers as (

    select
        period_start_date,
        is_mature,
        case
            when grouping(product_line) = 0 then 'product_line'
            when grouping(tier_code) = 0 then 'tier'
            else 'all'
        end as cut_name,
        coalesce(product_line, tier_code, 'all') as cut_value,
        user_key,
        count(*) as order_count
    from bought
    group by grouping sets (  -- noqa: PRS
        (period_start_date, is_mature, user_key),
        (period_start_date, is_mature, user_key, product_line),
        (period_start_date, is_mature, user_key, tier_code)
    )

),

summed as (

    select
        period_start_date,
        is_mature,
        cut_name,
        cut_value,
        sum(case when order_count >= 2 then 1 else 0 end) as numerator,
        count(*) as denominator
    from buyers
    group by period_start_date, is_mature, cut_name, cut_value

)

select
    'month' as period_grain,
    period_start_date,
    cut_name,
    cut_value,
    {{ ratio('numerator', 'denominator') }} as kpi_value,
    numerator,
    denominator,
    denominator as sample_size,
    is_mature
from summed
