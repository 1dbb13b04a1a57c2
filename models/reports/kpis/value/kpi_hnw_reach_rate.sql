-- Grain: one row per month. Of the users with a high net worth at the month's end, those who were
-- shown or sent a wealth product in it.
with holders as (

    select *
    from {{ ref('fct_user_tier') }}
    where is_high_net_worth

),

offers as (

    select *
    from {{ ref('int_wealth_offers_made') }}

),

summed as (

    select
        holders.month_date,
        holders.is_complete,
        count(offers.user_key) as numerator,
        count(*) as denominator
    from holders
    left join offers
        on
            holders.user_key = offers.user_key
            and holders.month_date = offers.month_date
    group by holders.month_date, holders.is_complete

)

select
    'month' as period_grain,
    month_date as period_start_date,
    'all' as cut_name,
    'all' as cut_value,
    {{ ratio('numerator', 'denominator') }} as kpi_value,
    numerator,
    denominator,
    denominator as sample_size,
    is_complete as is_mature
from summed
