-- Grain: one row per quarter. Margin of the 12 months to the quarter's end of the users who have a
-- high net worth at it, over their number. Mature once 12 months of orders have been delivered.
with holders as (

    select
        user_key,
        month_date,
        month_end_date,
        is_complete,
        {{ period_start('quarter', 'month_date') }} as quarter_date
    from {{ ref('fct_user_tier') }}
    where is_high_net_worth and month(month_date) in (3, 6, 9, 12)

),

orders as (

    select *
    from {{ ref('fct_order') }}

),

observed as (

    select min(order_date) as first_date
    from orders

),

margins as (

    select
        holders.user_key,
        holders.quarter_date,
        sum(orders.margin_amount) as margin_amount
    from holders
    inner join orders
        on
            holders.user_key = orders.user_key
            and holders.month_end_date >= orders.order_date
            and orders.order_date >= {{ add_months('holders.month_date', -11) }}
    group by holders.user_key, holders.quarter_date

),

summed as (

    select
        holders.quarter_date,
        holders.month_date,
        holders.is_complete,
        sum(coalesce(margins.margin_amount, 0)) as numerator,
        count(*) as denominator
    from holders
    left join margins
        on
            holders.user_key = margins.user_key
            and holders.quarter_date = margins.quarter_date
    group by holders.quarter_date, holders.month_date, holders.is_complete

)

select
    'quarter' as period_grain,
    summed.quarter_date as period_start_date,
    'all' as cut_name,
    'all' as cut_value,
    {{ ratio('summed.numerator', 'summed.denominator') }} as kpi_value,
    summed.numerator,
    summed.denominator,
    summed.denominator as sample_size,
    summed.is_complete
    and {{ add_months('observed.first_date', 12) }} <= {{ add_months('summed.month_date', 1) }}
        as is_mature
from summed
cross join observed
