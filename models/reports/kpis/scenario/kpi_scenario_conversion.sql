-- Grain: one row per month of the showing and cut. Users who ordered a product of a scenario
-- within 7 days of being shown it in the app, over users shown one.
with showings as (

    select *
    from {{ ref('int_scenario_showings_followed') }}

),

users as (

    select
        user_key,
        month_date,
        'all' as cut_name,
        'all' as cut_value,
        max(case when is_converted then 1 else 0 end) as is_converted
    from showings
    group by user_key, month_date
    union all
    select
        user_key,
        month_date,
        'scenario' as cut_name,
        scenario_code as cut_value,
        case when is_converted then 1 else 0 end as is_converted
    from showings

),

summed as (

    select
        month_date,
        cut_name,
        cut_value,
        sum(is_converted) as numerator,
        count(*) as denominator
    from users
    group by month_date, cut_name, cut_value

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
    {{ add_days(add_months('month_date', 1), 6) }} <= {{ as_of_date() }} as is_mature
from summed
