-- Grain: one row per month. Of the users who entered the month in the tier `potential`, those who
-- placed an order in it.
with entered as (

    select
        month_date,
        is_complete,
        sum(case when order_count > 0 then 1 else 0 end) as numerator,
        count(*) as denominator
    from {{ ref('fct_user_tier') }}
    where previous_tier_code = 'potential'
    group by month_date, is_complete

)

select
    'month' as period_grain,
    month_date as period_start_date,
    'all' as cut_name,
    'all' as cut_value,
    {{ ratio('numerator', 'denominator') }} as kpi_value,
    numerator,
    denominator,
    denominator as sample_size,
    is_complete as is_mature
from entered
