-- Grain: one row per month, quarter or year. Users registered by its end over those registered a
-- year before, less 1. Mature where registrations reach back to before that year.
with users as (

    select registration_date
    from {{ ref('dim_user') }}
    where registration_date is not null

),

periods as (

    select distinct
        period_grain,
        period_start_date,
        period_end_date,
        {{ add_days(add_months(add_days('period_end_date', 1), -12), -1) }} as year_before_date,
        is_complete
    from {{ ref('dim_period') }}
    where period_grain in ('month', 'quarter', 'year')

),

observed as (

    select min(registration_date) as first_date
    from users

),

counted as (

    select
        periods.period_grain,
        periods.period_start_date,
        periods.is_complete
        and periods.year_before_date >= observed.first_date as is_mature,
        count(*) as users,
        sum(
            case
                when users.registration_date <= periods.year_before_date
                    then 1
                else 0
            end
        ) as users_before
    from periods
    cross join observed
    inner join users
        on periods.period_end_date >= users.registration_date
    group by
        periods.period_grain, periods.period_start_date, periods.year_before_date,
        periods.is_complete, observed.first_date

)

select
    period_grain,
    period_start_date,
    'all' as cut_name,
    'all' as cut_value,
    {{ ratio('users - users_before', 'users_before') }} as kpi_value,
    users - users_before as numerator,
    users_before as denominator,
    users as sample_size,
    is_mature
from counted
where users_before > 0
