-- Grain: one row per period and cut. New users with no paid touch in the look-back window over new
-- users. A paid channel that a user declares is a paid touch too; the cut `basis` = logged_touch
-- goes by the log alone.
-- Mature once the period is over, where the log of touches reaches back a whole window before it.
with users as (

    select *
    from {{ ref('fct_acquisition') }}

),

log_starts as (

    select min(touch_date) as first_date
    from {{ ref('fct_touch') }}
    where touch_kind in ('impression', 'click')

),

bases as (

    select
        registration_date,
        'all' as cut_name,
        'all' as cut_value,
        is_organic
    from users
    union all
    select
        registration_date,
        'basis' as cut_name,
        'logged_touch' as cut_value,
        not has_paid_touch as is_organic
    from users

),

summed as (

    select
        prd.period_grain,
        prd.period_start_date,
        prd.is_complete,
        bases.cut_name,
        bases.cut_value,
        sum(case when bases.is_organic then 1 else 0 end) as numerator,
        count(*) as denominator
    from bases
    inner join {{ ref('dim_period') }} as prd
        on bases.registration_date = prd.date_day
    where prd.period_grain in ('month', 'quarter', 'year')
    group by
        prd.period_grain, prd.period_start_date, prd.is_complete, bases.cut_name, bases.cut_value

)

select
    summed.period_grain,
    summed.period_start_date,
    summed.cut_name,
    summed.cut_value,
    {{ ratio('summed.numerator', 'summed.denominator') }} as kpi_value,
    summed.numerator,
    summed.denominator,
    summed.denominator as sample_size,
    summed.is_complete and coalesce(
        {{ add_days('log_starts.first_date', var('attribution_click_days')) }}
        <= summed.period_start_date,
        false
    ) as is_mature
from summed
cross join log_starts
