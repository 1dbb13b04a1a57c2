-- Grain: one row per user and month with an order in the 12 months to the month's end, with their
-- revenue.
with orders as (

    select
        user_key,
        {{ period_start('month', 'order_date') }} as order_month,
        sum(coalesce(revenue_amount, 0)) as revenue_amount
    from {{ ref('int_orders_valued') }}
    group by user_key, {{ period_start('month', 'order_date') }}

),

days as (

    {{ date_series('(select min(order_month) from orders)', as_of_date()) }}

),

months as (

    select
        date_day as month_date,
        least({{ add_days(add_months('date_day', 1), -1) }}, {{ as_of_date() }}) as month_end_date
    from days
    where day(date_day) = 1

)

select
    orders.user_key,
    months.month_date,
    months.month_end_date,
    cast(sum(orders.revenue_amount) as decimal(18, 2)) as revenue_12m
from months
inner join orders
    on
        months.month_date >= orders.order_month
        and orders.order_month >= {{ add_months('months.month_date', -11) }}
group by orders.user_key, months.month_date, months.month_end_date
