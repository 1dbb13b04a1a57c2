-- Grain: one row per period. Converted users (an order by the period's end) whose longest stay on
-- the share step was over 180 seconds, over converted users who shared. A stay that the app did not
-- measure says nothing.
with shares as (

    select
        user_key,
        event_date,
        dwell_seconds
    from {{ ref('fct_funnel_event') }}
    where funnel_code = 'browse_share' and step_code = 'share' and dwell_seconds is not null

),

users as (

    select
        user_key,
        first_order_date
    from {{ ref('dim_user') }}
    where first_order_date is not null

),

stayed as (

    select
        prd.period_grain,
        prd.period_start_date,
        prd.is_complete,
        shares.user_key,
        max(shares.dwell_seconds) as dwell_seconds
    from shares
    inner join {{ ref('dim_period') }} as prd
        on shares.event_date = prd.date_day
    inner join users
        on
            shares.user_key = users.user_key
            and prd.period_end_date >= users.first_order_date
    where prd.period_grain in ('month', 'quarter', 'year')
    group by prd.period_grain, prd.period_start_date, prd.is_complete, shares.user_key

),

summed as (

    select
        period_grain,
        period_start_date,
        is_complete,
        'all' as cut_name,
        'all' as cut_value,
        sum(case when dwell_seconds > 180 then 1 else 0 end) as numerator,
        count(*) as denominator
    from stayed
    group by period_grain, period_start_date, is_complete

)

select
    period_grain,
    period_start_date,
    cut_name,
    cut_value,
    {{ ratio('numerator', 'denominator') }} as kpi_value,
    numerator,
    denominator,
    denominator as sample_size,
    is_complete as is_mature
from summed
