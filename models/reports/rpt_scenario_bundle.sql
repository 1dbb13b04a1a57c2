-- Grain: one row per quarter and kind of product (bundle: bundles of a scenario; single: other
-- products of a scenario; traditional: products of none): the 12 months that end with the quarter.
-- Rejected and cancelled orders are left out.
with orders as (

    select
        user_key,
        order_date,
        case
            when scenario_code is null then 'traditional'
            when is_bundle then 'bundle'
            else 'single'
        end as product_kind,
        revenue_amount,
        margin_amount
    from {{ ref('fct_order') }}
    where order_status not in ('rejected', 'cancelled')

),

observed as (

    select min(order_date) as first_date
    from {{ ref('fct_order') }}

),

quarters as (

    select
        period_start_date,
        period_end_date,
        is_complete
    from {{ ref('dim_period') }}
    where period_grain = 'quarter'
    group by period_start_date, period_end_date, is_complete

),

summed as (

    select
        quarters.period_start_date as quarter_date,
        quarters.period_end_date,
        quarters.is_complete,
        orders.product_kind,
        count(distinct orders.user_key) as users,
        count(*) as orders,
        cast(sum(orders.revenue_amount) as decimal(18, 2)) as revenue,
        cast(sum(orders.margin_amount) as decimal(18, 2)) as margin
    from quarters
    inner join orders
        on
            quarters.period_end_date >= orders.order_date
            and {{ add_months(add_days('quarters.period_end_date', 1), -12) }} <= orders.order_date
    group by
        quarters.period_start_date, quarters.period_end_date, quarters.is_complete,
        orders.product_kind

),

traditional as (

    select *
    from summed
    where product_kind = 'traditional'

)

select
    summed.quarter_date,
    summed.product_kind,
    summed.is_complete
    and {{ add_months('observed.first_date', 12) }} <= {{ add_days('summed.period_end_date', 1) }}
        as is_mature,
    cast(summed.users as bigint) as user_count,
    cast(summed.orders as bigint) as order_count,
    summed.revenue as revenue_amount,
    summed.margin as margin_amount,
    {{ ratio('summed.orders', 'summed.users') }} as orders_per_user,
    {{ ratio('summed.margin', 'summed.users') }} as margin_per_user,
    {{ ratio('summed.margin * traditional.users', 'traditional.margin * summed.users') }}
        as traditional_multiple_ratio
from summed
cross join observed
left join traditional
    on summed.quarter_date = traditional.quarter_date
