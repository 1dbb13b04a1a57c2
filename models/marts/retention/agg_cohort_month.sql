-- Grain: one row per cohort month and month since. A user's cohort is the month of registration,
-- of the first order where no registration is known. Revenue from before the cohort month counts
-- in month 0.
with users as (

    select
        user_key,
        {{ period_start('month', 'coalesce(registration_date, first_order_date)') }} as cohort_month
    from {{ ref('dim_user') }}
    where coalesce(registration_date, first_order_date) is not null

),

months as (

    select *
    from {{ ref('agg_user_month') }}

),

sizes as (

    select
        cohort_month,
        count(*) as users
    from users
    group by cohort_month

),

calendar as (

    select distinct period_start_date as month_date
    from {{ ref('dim_period') }}
    where period_grain = 'month'

),

grid as (

    select
        sizes.cohort_month,
        sizes.users,
        calendar.month_date,
        {{ months_between('sizes.cohort_month', 'calendar.month_date') }} as months_since
    from sizes
    inner join calendar
        on sizes.cohort_month <= calendar.month_date

),

activity as (

    select
        users.cohort_month,
        {{ months_between('users.cohort_month', 'months.month_date') }} as months_since,
        sum(case when months.is_active then 1 else 0 end) as active_users,
        sum(months.order_count) as order_count,
        sum(months.revenue_amount) as revenue_amount,
        sum(months.margin_amount) as margin_amount
    from users
    inner join months
        on users.user_key = months.user_key
    group by users.cohort_month, months_since

),

placed as (

    select
        grid.cohort_month,
        grid.months_since,
        grid.month_date,
        grid.users,
        sum(
            case
                when activity.months_since = grid.months_since then activity.active_users
                else 0
            end
        ) as active_users,
        sum(activity.order_count) as order_count,
        sum(activity.revenue_amount) as revenue_amount,
        sum(activity.margin_amount) as margin_amount
    from grid
    left join activity
        on
            grid.cohort_month = activity.cohort_month
            and (
                grid.months_since = activity.months_since
                or (grid.months_since = 0 and activity.months_since < 0)
            )
    group by grid.cohort_month, grid.months_since, grid.month_date, grid.users

)

select
    cohort_month,
    cast(months_since as integer) as months_since,
    month_date,
    cast(users as bigint) as users,
    cast(coalesce(active_users, 0) as bigint) as active_users,
    cast(coalesce(order_count, 0) as bigint) as order_count,
    cast(coalesce(revenue_amount, 0) as decimal(18, 2)) as revenue_amount,
    cast(coalesce(margin_amount, 0) as decimal(18, 2)) as margin_amount,
    cast(
        sum(coalesce(revenue_amount, 0)) over (
            partition by cohort_month
            order by months_since
            rows between unbounded preceding and current row
        ) as decimal(18, 2)
    ) as cumulative_revenue_amount,
    {{ ratio('coalesce(active_users, 0)', 'users') }} as active_ratio,
    {{ ratio('coalesce(revenue_amount, 0)', 'users') }} as revenue_per_user_amount,
    {{ add_days(add_months('month_date', 1), -1) }} <= {{ as_of_date() }} as is_complete
from placed
