-- Months whose bands of contacts do not add up to the users and messages of contact_frequency.
with bands as (

    select
        month_date,
        sum(user_count) as user_count,
        sum(contact_count) as contact_count
    from {{ ref('rpt_contact_fatigue') }}
    group by month_date

),

headline as (

    select
        period_start_date,
        numerator,
        denominator
    from {{ ref('kpi_contact_frequency') }}
    where cut_name = 'all'

)

select
    coalesce(bands.month_date, headline.period_start_date) as month_date,
    bands.user_count,
    headline.denominator
from bands
full outer join headline
    on bands.month_date = headline.period_start_date
where
    coalesce(bands.user_count, 0) <> coalesce(headline.denominator, 0)
    or coalesce(bands.contact_count, 0) <> coalesce(headline.numerator, 0)
