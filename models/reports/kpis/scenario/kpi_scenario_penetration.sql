-- Grain: one row per month and cut. Active users with an app event of the scenario in the month,
-- over users with any app event in it.
with active as (

    select
        month_date,
        count(*) as users
    from {{ ref('agg_user_month') }}
    where is_app_active
    group by month_date

),

events as (

    select *
    from {{ ref('int_user_event_months_counted') }}
    where scenario_code is not null

),

used as (

    select
        month_date,
        'scenario' as cut_name,
        scenario_code as cut_value,
        count(distinct user_key) as users
    from events
    group by month_date, scenario_code
    union all
    select
        month_date,
        'all' as cut_name,
        'all' as cut_value,
        count(distinct user_key) as users
    from events
    group by month_date

)

select
    'month' as period_grain,
    active.month_date as period_start_date,
    used.cut_name,
    used.cut_value,
    {{ ratio('used.users', 'active.users') }} as kpi_value,
    used.users as numerator,
    active.users as denominator,
    active.users as sample_size,
    {{ add_months('active.month_date', 1) }} <= {{ add_days(as_of_date(), 1) }} as is_mature
from active
inner join used
    on active.month_date = used.month_date
