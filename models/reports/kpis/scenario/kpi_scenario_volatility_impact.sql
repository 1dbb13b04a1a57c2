-- Grain: one row per month and cut. Change of a scenario's revenue against the month before, up or
-- down, over the revenue of the month; the headline is the largest. Mature where orders reach back
-- to the first week of the month before.
with orders as (

    select
        {{ period_start('month', 'order_date') }} as month_date,
        scenario_code,
        order_date,
        revenue_amount
    from {{ ref('fct_order') }}

),

observed as (

    select min(order_date) as first_date
    from orders

),

totals as (

    select
        month_date,
        sum(revenue_amount) as revenue,
        count(*) as orders
    from orders
    group by month_date

),

scenarios as (

    select
        month_date,
        scenario_code,
        sum(revenue_amount) as revenue
    from orders
    where scenario_code is not null
    group by month_date, scenario_code

),

-- A scenario without orders in one of two months has moved too.
pairs as (

    select
        month_date,
        scenario_code,
        revenue as change_amount
    from scenarios
    union all
    select
        {{ add_months('month_date', 1) }} as month_date,
        scenario_code,
        -revenue as change_amount
    from scenarios

),

changes as (

    select
        month_date,
        scenario_code,
        abs(sum(change_amount)) as change_amount
    from pairs
    group by month_date, scenario_code

),

cuts as (

    select
        month_date,
        'scenario' as cut_name,
        scenario_code as cut_value,
        change_amount
    from changes
    union all
    select
        month_date,
        'all' as cut_name,
        'all' as cut_value,
        max(change_amount) as change_amount
    from changes
    group by month_date

)

select
    'month' as period_grain,
    totals.month_date as period_start_date,
    cuts.cut_name,
    cuts.cut_value,
    {{ ratio('cuts.change_amount', 'totals.revenue') }} as kpi_value,
    cuts.change_amount as numerator,
    totals.revenue as denominator,
    totals.orders as sample_size,
    {{ add_months('totals.month_date', 1) }} <= {{ add_days(as_of_date(), 1) }}
    and {{ add_days(add_months('totals.month_date', -1), 6) }} >= observed.first_date as is_mature
from totals
cross join observed
inner join cuts
    on totals.month_date = cuts.month_date
where totals.revenue > 0 and totals.month_date > observed.first_date
