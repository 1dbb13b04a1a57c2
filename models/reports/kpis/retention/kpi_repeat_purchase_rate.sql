-- Grain: one row per month and cut. Of the users with an order in the 12 months to the month's
-- end, those with two or more. Mature once 12 months of orders have been delivered.
with orders as (

    select
        user_key,
        order_date,
        coalesce(product_line, 'unknown') as product_line
    from {{ ref('fct_order') }}

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

buyers as (

    select
        months.period_start_date,
        months.is_complete
        and {{ add_months('observed.first_date', 12) }}
        <= {{ add_days('months.period_end_date', 1) }} as is_mature,
        case when grouping(orders.product_line) = 0 then 'product_line' else 'all' end as cut_name,
        coalesce(orders.product_line, 'all') as cut_value,
        orders.user_key,
        count(*) as order_count
    from months
    cross join observed
    inner join orders
        on
            months.period_end_date >= orders.order_date
            and orders.order_date >= {{ add_months('months.period_start_date', -11) }}
    group by grouping sets (  -- noqa: PRS
        (
            months.period_start_date, months.period_end_date, months.is_complete,
            observed.first_date, orders.user_key
        ),
        (
            months.period_start_date, months.period_end_date, months.is_complete,
            observed.first_date, orders.user_key, orders.product_line
        )
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
