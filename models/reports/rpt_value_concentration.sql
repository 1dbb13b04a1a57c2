-- Grain: one row per month and whole percent of users (1 to 100), those of most revenue first:
-- the Pareto curve of the revenue of the 12 months to the month's end, and its Gini coefficient.
-- Users with an order in these months count.
with revenues as (

    select
        month_date,
        month_end_date,
        user_key,
        revenue_12m
    from {{ ref('int_revenues_windowed') }}

),

ranked as (

    select
        *,
        row_number() over (
            partition by month_date
            order by revenue_12m desc, user_key asc
        ) as revenue_rank,
        count(*) over (
            partition by month_date
        ) as user_count,
        sum(revenue_12m) over (
            partition by month_date
            order by revenue_12m desc, user_key asc
            rows between unbounded preceding and current row
        ) as running_revenue
    from revenues

),

totals as (

    select
        month_date,
        month_end_date,
        count(*) as user_count,
        sum(revenue_12m) as total_revenue,
        -- Twice the sum of rank times revenue, the poorest user having rank 1.
        sum(2 * (user_count - revenue_rank + 1) * revenue_12m) as weighed_revenue
    from ranked
    group by month_date, month_end_date

),

hundred_days as (

    {{ date_series("cast('2000-01-02' as date)", "cast('2000-04-10' as date)") }}

),

percents as (

    select
        cast({{ days_between("cast('2000-01-01' as date)", 'date_day') }} as bigint) as user_percent
    from hundred_days

),

-- The smallest number of users that is at least so many percent of all.
points as (

    select
        totals.*,
        percents.user_percent,
        cast(
            floor((totals.user_count * percents.user_percent + 99) / 100) as bigint
        ) as top_user_count
    from totals
    cross join percents

)

select
    points.month_date,
    {{ add_months('points.month_date', 1) }} <= {{ add_days(as_of_date(), 1) }} as is_complete,
    points.user_percent,
    points.user_count,
    points.top_user_count,
    cast(points.total_revenue as decimal(18, 2)) as revenue_amount,
    cast(ranked.running_revenue as decimal(18, 2)) as top_revenue_amount,
    {{ ratio('ranked.running_revenue', 'points.total_revenue') }} as revenue_ratio,
    {{
        ratio(
            'points.weighed_revenue - (points.user_count + 1) * points.total_revenue',
            'points.user_count * points.total_revenue'
        )
    }} as gini_ratio
from points
inner join ranked
    on
        points.month_date = ranked.month_date
        and points.top_user_count = ranked.revenue_rank
