-- Grain: one row per period and cut. Revenue of products tied to a scenario over all revenue.
with orders as (

    select
        prd.period_grain,
        prd.period_start_date,
        prd.is_complete,
        ord.scenario_code,
        ord.revenue_amount
    from {{ ref('fct_order') }} as ord
    inner join {{ ref('dim_period') }} as prd
        on
            ord.order_date = prd.date_day
            and prd.period_grain in ('month', 'quarter', 'year')

),

totals as (

    select
        period_grain,
        period_start_date,
        is_complete,
        sum(case when scenario_code is not null then revenue_amount else 0 end) as scenario_revenue,
        sum(revenue_amount) as revenue,
        count(*) as orders
    from orders
    group by period_grain, period_start_date, is_complete

),

scenarios as (

    select
        period_grain,
        period_start_date,
        scenario_code,
        sum(revenue_amount) as scenario_revenue
    from orders
    where scenario_code is not null
    group by period_grain, period_start_date, scenario_code

)

select
    period_grain,
    period_start_date,
    'all' as cut_name,
    'all' as cut_value,
    {{ ratio('scenario_revenue', 'revenue') }} as kpi_value,
    scenario_revenue as numerator,
    revenue as denominator,
    orders as sample_size,
    is_complete as is_mature
from totals
union all
select
    totals.period_grain,
    totals.period_start_date,
    'scenario' as cut_name,
    scenarios.scenario_code as cut_value,
    {{ ratio('scenarios.scenario_revenue', 'totals.revenue') }} as kpi_value,
    scenarios.scenario_revenue as numerator,
    totals.revenue as denominator,
    totals.orders as sample_size,
    totals.is_complete as is_mature
from totals
inner join scenarios
    on
        totals.period_grain = scenarios.period_grain
        and totals.period_start_date = scenarios.period_start_date
