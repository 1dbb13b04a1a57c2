-- Grain: one row per month and cut. Product-page views with the content of a scenario over all
-- product-page views, logged in or not.
with views as (

    select
        {{ period_start('month', 'event_date') }} as month_date,
        product_line,
        view_count,
        scenario_view_count
    from {{ ref('int_product_views_counted') }}

),

summed as (

    select
        month_date,
        case when grouping(product_line) = 0 then 'product_line' else 'all' end as cut_name,
        coalesce(product_line, 'all') as cut_value,
        sum(scenario_view_count) as numerator,
        sum(view_count) as denominator
    from views
    group by grouping sets ((month_date), (month_date, product_line))  -- noqa: PRS

)

select
    'month' as period_grain,
    month_date as period_start_date,
    cut_name,
    cut_value,
    {{ ratio('numerator', 'denominator') }} as kpi_value,
    numerator,
    denominator,
    denominator as sample_size,
    {{ add_months('month_date', 1) }} <= {{ add_days(as_of_date(), 1) }} as is_mature
from summed
