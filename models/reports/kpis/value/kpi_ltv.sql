-- Grain: one row per month and cut. Realised margin to the month's end of the users registered by
-- then, per user: the realised part (cut `part`). The margin predicted for the 36 months after the
-- as-of date stands beside it, and the two together as the headline, in the month of that day; both
-- only where a model is promoted (finview value fit).
with users as (

    select
        usr.user_key,
        {{ period_start('month', 'usr.registration_date') }} as registration_month,
        coalesce(chn.channel_group || '/' || chn.channel_code, 'unmapped') as channel_path,
        cast({{ period_start('quarter', 'usr.registration_date') }} as string)
            as cohort,
        coalesce(usr.region_code, 'unknown_region') as region_code,
        coalesce(usr.city_tier, 'unknown_city_tier') as city_tier
    from {{ ref('dim_user') }} as usr
    left join {{ ref('channels') }} as chn
        on usr.acquisition_channel_code = chn.channel_code
    where usr.registration_date is not null

),

flows as (

    select
        user_key,
        registration_month as month_date,
        channel_path,
        cohort,
        region_code,
        city_tier,
        1 as users,
        cast(0 as decimal(18, 2)) as margin
    from users
    union all
    select
        users.user_key,
        greatest(
            {{ period_start('month', 'ord.order_date') }}, users.registration_month
        ) as month_date,
        users.channel_path,
        users.cohort,
        users.region_code,
        users.city_tier,
        0 as users,
        ord.margin_amount as margin
    from {{ ref('fct_order') }} as ord
    inner join users
        on ord.user_key = users.user_key

),

monthly as (

    select
        month_date,
        case
            when grouping(channel_path) = 0 then 'channel'
            when grouping(cohort) = 0 then 'cohort'
            when grouping(region_code) = 0 then 'region'
            when grouping(city_tier) = 0 then 'city_tier'
            else 'part'
        end as cut_name,
        coalesce(channel_path, cohort, region_code, city_tier, 'realised') as cut_value,
        sum(users) as users,
        sum(margin) as margin
    from flows
    group by grouping sets (  -- noqa: PRS
        (month_date), (month_date, channel_path), (month_date, cohort), (month_date, region_code),
        (month_date, city_tier)
    )

),

cuts as (

    select
        cut_name,
        cut_value,
        min(month_date) as first_month
    from monthly
    group by cut_name, cut_value

),

calendar as (

    select distinct period_start_date as month_date
    from {{ ref('dim_period') }}
    where period_grain = 'month'

),

-- Every month of a cut from its first on, quiet ones included.
running as (

    select
        calendar.month_date,
        cuts.cut_name,
        cuts.cut_value,
        sum(coalesce(monthly.users, 0)) over (
            partition by cuts.cut_name, cuts.cut_value
            order by calendar.month_date
            rows between unbounded preceding and current row
        ) as users,
        sum(coalesce(monthly.margin, 0)) over (
            partition by cuts.cut_name, cuts.cut_value
            order by calendar.month_date
            rows between unbounded preceding and current row
        ) as margin
    from cuts
    inner join calendar
        on cuts.first_month <= calendar.month_date
    left join monthly
        on
            cuts.cut_name = monthly.cut_name
            and cuts.cut_value = monthly.cut_value
            and calendar.month_date = monthly.month_date

),

user_months as (

    select
        user_key,
        month_date,
        sum(margin) as margin
    from flows
    group by user_key, month_date

),

-- By the tier at the month's end, so that a user's margin moves with the user.
tiered as (

    select
        trs.month_date,
        trs.tier_code,
        users.registration_month,
        sum(coalesce(user_months.margin, 0)) over (
            partition by trs.user_key
            order by trs.month_date
            rows between unbounded preceding and current row
        ) as margin
    from {{ ref('fct_user_tier') }} as trs
    inner join users
        on trs.user_key = users.user_key
    left join user_months
        on
            trs.user_key = user_months.user_key
            and trs.month_date = user_months.month_date

),

-- Users who have bought nothing yet count with nothing.
predicted as (

    select cast(sum(val.predicted_margin_36_months_amount) as decimal(38, 2)) as margin
    from {{ ref('fct_user_value') }} as val
    inner join users
        on val.user_key = users.user_key
    having count(*) > 0

),

parts as (

    select
        month_date,
        cut_name,
        cut_value,
        users,
        margin
    from running
    union all
    select
        month_date,
        'tier' as cut_name,
        tier_code as cut_value,
        count(*) as users,
        sum(margin) as margin
    from tiered
    where month_date >= registration_month
    group by month_date, tier_code
    union all
    select
        running.month_date,
        'part' as cut_name,
        'predicted' as cut_value,
        running.users,
        predicted.margin
    from running
    cross join predicted
    where
        running.cut_value = 'realised'
        and running.month_date = {{ period_start('month', as_of_date()) }}
    union all
    select
        running.month_date,
        'all' as cut_name,
        'all' as cut_value,
        running.users,
        running.margin + predicted.margin as margin
    from running
    cross join predicted
    where
        running.cut_value = 'realised'
        and running.month_date = {{ period_start('month', as_of_date()) }}

)

select
    'month' as period_grain,
    month_date as period_start_date,
    cut_name,
    cut_value,
    {{ ratio('margin', 'users') }} as kpi_value,
    margin as numerator,
    users as denominator,
    users as sample_size,
    -- What is predicted is as of the day, not of a month that has to end.
    cut_value in ('predicted', 'all')
    or {{ add_months('month_date', 1) }} <= {{ add_days(as_of_date(), 1) }} as is_mature
from parts
