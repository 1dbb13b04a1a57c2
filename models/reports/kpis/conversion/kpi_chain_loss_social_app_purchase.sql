-- Grain: one row per period of entry. Of those who touched a placement on a social platform, who
-- did not first open the app and then place an order within the window. A user who touches one
-- again after the window counts again.
with funnels as (

    select *
    from {{ ref('funnels') }}

),

-- Before the first delivered app event nobody can be seen opening the app.
observed as (

    select min(activity_date) as first_date
    from {{ ref('agg_user_day') }}
    where event_count > 0

),

entries as (

    select
        entries.entered_date,
        funnels.window_days,
        case when entries.is_completed then 1 else 0 end as is_completed
    from {{ ref('fct_funnel_entry') }} as entries
    inner join funnels
        on entries.funnel_code = funnels.funnel_code
    inner join observed
        on entries.entered_date >= observed.first_date
    where entries.funnel_code = 'social_to_app_purchase'

),

summed as (

    select
        prd.period_grain,
        prd.period_start_date,
        {{ add_days('prd.period_end_date', 'entries.window_days') }} <= {{ as_of_date() }}
            as is_mature,
        'all' as cut_name,
        'all' as cut_value,
        sum(1 - entries.is_completed) as numerator,
        count(*) as denominator
    from entries
    inner join {{ ref('dim_period') }} as prd
        on entries.entered_date = prd.date_day
    where prd.period_grain <> 'day'
    group by
        prd.period_grain, prd.period_start_date, prd.period_end_date, entries.window_days

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
    is_mature
from summed
