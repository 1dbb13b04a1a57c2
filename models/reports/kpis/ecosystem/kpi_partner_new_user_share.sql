-- Grain: one row per month and cut. Users registered in the month whose acquisition channel is that
-- of partners, over all users registered in it. Partners with traffic and without users are 0;
-- the cuts add up to the headline.
with registered as (

    select
        {{ period_start('month', 'registration_date') }} as month_date,
        count(*) as users
    from {{ ref('dim_user') }}
    where registration_date is not null
    group by {{ period_start('month', 'registration_date') }}

),

brought as (

    select
        month_date,
        partner_id,
        sum(user_count) as users
    from {{ ref('agg_partner_month') }}
    group by month_date, partner_id

),

totals as (

    select
        month_date,
        sum(users) as users
    from brought
    group by month_date

),

cuts as (

    select
        registered.month_date,
        'all' as cut_name,
        'all' as cut_value,
        coalesce(totals.users, 0) as numerator,
        registered.users as denominator
    from registered
    left join totals
        on registered.month_date = totals.month_date
    union all
    select
        registered.month_date,
        'partner' as cut_name,
        brought.partner_id as cut_value,
        brought.users as numerator,
        registered.users as denominator
    from registered
    inner join brought
        on registered.month_date = brought.month_date

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
    {{ add_months('month_date', 1) }} <= {{ add_days(as_of_date(), 1) }} as is_mature
from cuts
