-- Grain: one row per month with a day whose warning can be judged, the last one of the month: users
-- whose state in the 30 days after was called right, over all; beside it what calling all as most
-- are would give (cut `basis`). Days whose outcomes the version was trained on do not count.
with judged as (

    select
        *,
        {{ period_start('month', 'counted_to_date') }} as month_date,
        row_number() over (
            partition by {{ period_start('month', 'counted_to_date') }}
            order by counted_to_date desc
        ) as latest_rank
    from {{ ref('rpt_churn_warning') }}
    where is_out_of_time

),

cuts as (

    select
        month_date,
        'all' as cut_name,
        'all' as cut_value,
        right_users as numerator,
        users
    from judged
    where latest_rank = 1
    union all
    select
        month_date,
        'basis' as cut_name,
        'majority' as cut_value,
        greatest(churned_users, users - churned_users) as numerator,
        users
    from judged
    where latest_rank = 1

)

select
    'month' as period_grain,
    month_date as period_start_date,
    cut_name,
    cut_value,
    {{ ratio('numerator', 'users') }} as kpi_value,
    numerator,
    users as denominator,
    users as sample_size,
    true as is_mature
from cuts
