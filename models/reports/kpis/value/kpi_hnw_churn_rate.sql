-- Grain: one row per quarter. Of the users who had a high net worth 12 months before the quarter's
-- end, those without an app event or an order in the quarter.
with holders as (

    select
        user_key,
        {{ period_start('quarter', add_months('month_date', 12)) }} as quarter_date
    from {{ ref('fct_user_tier') }}
    where is_high_net_worth and month(month_date) in (3, 6, 9, 12) and is_complete

),

active as (

    select
        user_key,
        {{ period_start('quarter', 'month_date') }} as quarter_date
    from {{ ref('agg_user_month') }}
    where is_active
    group by user_key, {{ period_start('quarter', 'month_date') }}

),

quarters as (

    select
        period_start_date as quarter_date,
        is_complete
    from {{ ref('dim_period') }}
    where period_grain = 'quarter'
    group by period_start_date, is_complete

),

summed as (

    select
        quarters.quarter_date,
        quarters.is_complete,
        sum(case when active.user_key is null then 1 else 0 end) as numerator,
        count(*) as denominator
    from holders
    inner join quarters
        on holders.quarter_date = quarters.quarter_date
    left join active
        on
            holders.user_key = active.user_key
            and holders.quarter_date = active.quarter_date
    group by quarters.quarter_date, quarters.is_complete

)

select
    'quarter' as period_grain,
    quarter_date as period_start_date,
    'all' as cut_name,
    'all' as cut_value,
    {{ ratio('numerator', 'denominator') }} as kpi_value,
    numerator,
    denominator,
    denominator as sample_size,
    is_complete as is_mature
from summed
