-- Grain: one row per month. MAU over the MAU of the same month a year before, less 1.
-- A first month that events cover only in part says nothing about growth.
with mau as (

    select *
    from {{ ref('kpi_mau') }}
    where cut_name = 'all'

),

observed as (

    select min(activity_date) as first_date
    from {{ ref('agg_user_day') }}
    where event_count > 0

)

select
    mau.period_grain,
    mau.period_start_date,
    'all' as cut_name,
    'all' as cut_value,
    {{ ratio('mau.numerator - before.numerator', 'before.numerator') }} as kpi_value,
    mau.numerator - before.numerator as numerator,
    before.numerator as denominator,
    mau.sample_size,
    mau.is_mature and before.period_start_date >= observed.first_date as is_mature
from mau
inner join mau as before
    on before.period_start_date = {{ add_months('mau.period_start_date', -12) }}
cross join observed
