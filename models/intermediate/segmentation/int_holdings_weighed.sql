-- Grain: one row per user and listed month with wealth products held at its end, with their risk
-- level (1 to 5) weighed by amount.
with months as (

    select *
    from {{ ref('int_user_months_listed') }}

),

products as (

    select *
    from {{ ref('stg_transaction__products') }}
    where product_line = 'wealth' and risk_level is not null

),

orders as (

    select *
    from {{ ref('int_orders_valued') }}
    where order_status not in ('rejected', 'cancelled') and order_amount > 0

),

holdings as (

    select
        orders.user_key,
        orders.order_date,
        {{ business_day('orders.matured_at') }} as matured_date,
        orders.order_amount,
        cast(substr(products.risk_level, 2, 1) as bigint) as risk_level
    from orders
    inner join products
        on orders.product_id = products.product_id

)

select
    months.user_key,
    months.month_date,
    cast(sum(holdings.order_amount) as decimal(18, 2)) as held_amount,
    {{ ratio('sum(holdings.order_amount * holdings.risk_level)', 'sum(holdings.order_amount)') }}
        as held_risk_level
from months
inner join holdings
    on
        months.user_key = holdings.user_key
        and months.month_end_date >= holdings.order_date
        and (months.month_end_date < holdings.matured_date or holdings.matured_date is null)
group by months.user_key, months.month_date
