-- Grain: one row per user and listed month, with the orders of the 12 months to its end.
-- Money is revenue: what is lost on credit is known later than the month.
with months as (

    select *
    from {{ ref('int_user_months_listed') }}

),

orders as (

    select
        user_key,
        {{ period_start('month', 'order_date') }} as month_date,
        max(order_date) as last_order_date,
        count(*) as order_count,
        sum(coalesce(revenue_amount, 0)) as revenue_amount
    from {{ ref('int_orders_valued') }}
    group by user_key, {{ period_start('month', 'order_date') }}

),

summed as (

    select
        months.user_key,
        months.month_date,
        months.month_end_date,
        coalesce(orders.order_count, 0) as order_count,
        max(orders.last_order_date) over (
            partition by months.user_key
            order by months.month_date
            rows between unbounded preceding and current row
        ) as last_order_date,
        sum(coalesce(orders.order_count, 0)) over (
            partition by months.user_key
            order by months.month_date
            rows between 11 preceding and current row
        ) as order_count_12m,
        sum(coalesce(orders.revenue_amount, 0)) over (
            partition by months.user_key
            order by months.month_date
            rows between 11 preceding and current row
        ) as revenue_12m
    from months
    left join orders
        on
            months.user_key = orders.user_key
            and months.month_date = orders.month_date

)

select
    user_key,
    month_date,
    month_end_date,
    cast(order_count as bigint) as order_count,
    last_order_date,
    {{ days_between('last_order_date', 'month_end_date') }} as recency_days,
    cast(order_count_12m as bigint) as order_count_12m,
    cast(revenue_12m as decimal(18, 2)) as revenue_12m
from summed
