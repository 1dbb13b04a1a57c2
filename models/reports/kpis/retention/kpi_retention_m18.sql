-- Grain: one row per month (or year) of registration and cut. Users registered in month M with an
-- app event in month M+18, over users registered in M.
with users as (

    select
        usr.user_key,
        {{ period_start('month', 'usr.registration_date') }} as cohort_month,
        coalesce(chn.channel_group, 'unmapped') as channel_group,
        coalesce(chn.channel_group || '/' || chn.channel_code, 'unmapped') as channel_path
    from {{ ref('dim_user') }} as usr
    left join {{ ref('channels') }} as chn
        on usr.acquisition_channel_code = chn.channel_code
    where usr.registration_date is not null

),

months as (

    select
        user_key,
        month_date
    from {{ ref('agg_user_month') }}
    where is_app_active

),

-- Months before the first delivered event cannot show anybody coming back.
observed as (

    select min(month_date) as first_month
    from months

),

returned as (

    select
        users.cohort_month,
        users.channel_group,
        users.channel_path,
        case when months.user_key is null then 0 else 1 end as came_back
    from users
    inner join observed
        on {{ add_months('users.cohort_month', 18) }} >= observed.first_month
    left join months
        on
            users.user_key = months.user_key
            and months.month_date = {{ add_months('users.cohort_month', 18) }}

),

summed as (

    select
        prd.period_grain,
        prd.period_start_date,
        {{ add_months(add_days('prd.period_end_date', 1), 18) }}
        <= {{ add_days(as_of_date(), 1) }} as is_mature,
        case
            when grouping(returned.channel_path) = 0 then 'channel'
            when grouping(returned.channel_group) = 0 then 'channel_group'
            else 'all'
        end as cut_name,
        coalesce(returned.channel_path, returned.channel_group, 'all') as cut_value,
        sum(returned.came_back) as numerator,
        count(*) as denominator
    from returned
    inner join {{ ref('dim_period') }} as prd
        on
            returned.cohort_month = prd.date_day
            and prd.period_grain in ('month', 'quarter', 'year')
    group by grouping sets (  -- noqa: PRS
        (prd.period_grain, prd.period_start_date, prd.period_end_date),
        (prd.period_grain, prd.period_start_date, prd.period_end_date, returned.channel_group),
        (
            prd.period_grain, prd.period_start_date, prd.period_end_date,
            returned.channel_group, returned.channel_path
        )
    )

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
