-- Grain: one row per year and cut. Revenue of the year over the revenue of the base year, less 1.
-- Mature for complete years, where orders were delivered from the start of the base year.
with orders as (

    select
        prd.period_start_date,
        prd.is_complete,
        ord.revenue_amount,
        coalesce(ord.product_line, 'unknown') as product_line
    from {{ ref('fct_order') }} as ord
    inner join {{ ref('dim_period') }} as prd
        on ord.order_date = prd.date_day and prd.period_grain = 'year'

),

observed as (

    select min(order_date) as first_date
    from {{ ref('fct_order') }}

),

summed as (

    select
        period_start_date,
        is_complete,
        case when grouping(product_line) = 0 then 'product_line' else 'all' end as cut_name,
        coalesce(product_line, 'all') as cut_value,
        sum(revenue_amount) as revenue,
        count(*) as orders
    from orders
    group by grouping sets (  -- noqa: PRS
        (period_start_date, is_complete), (period_start_date, is_complete, product_line)
    )

)

select
    'year' as period_grain,
    summed.period_start_date,
    summed.cut_name,
    summed.cut_value,
    {{ ratio('summed.revenue - base.revenue', 'base.revenue') }} as kpi_value,
    summed.revenue - base.revenue as numerator,
    base.revenue as denominator,
    summed.orders as sample_size,
    summed.is_complete
    and observed.first_date <= {{ add_days('base.period_start_date', 6) }} as is_mature
from summed
inner join summed as base
    on
        summed.cut_name = base.cut_name
        and summed.cut_value = base.cut_value
        and year(base.period_start_date) = {{ var('kpi_base_year') }}
cross join observed
where summed.period_start_date > base.period_start_date
