-- Grain: one row per user, month and kind of preference (product line, scenario, message channel):
-- what the user took most often in the 12 months to the month's end.
with months as (

    select *
    from {{ ref('int_user_months_listed') }}

),

orders as (

    select *
    from {{ ref('int_orders_valued') }}

),

touches as (

    select *
    from {{ ref('int_touches_resolved') }}
    where touch_kind = 'message'

),

takings as (

    select
        user_key,
        'product_line' as preference_kind,
        product_line as preference_value,
        order_date as taken_date
    from orders
    union all
    select
        user_key,
        'scenario' as preference_kind,
        scenario_code as preference_value,
        order_date as taken_date
    from orders
    union all
    select
        user_key,
        'message_channel' as preference_kind,
        message_channel as preference_value,
        {{ business_day('opened_at') }} as taken_date
    from touches

),

monthly as (

    select
        user_key,
        preference_kind,
        preference_value,
        {{ period_start('month', 'taken_date') }} as taken_month,
        max(taken_date) as last_date,
        count(*) as taken_count
    from takings
    where taken_date is not null and preference_value is not null
    group by
        user_key, preference_kind, preference_value, {{ period_start('month', 'taken_date') }}

),

summed as (

    select
        months.user_key,
        months.month_date,
        monthly.preference_kind,
        monthly.preference_value,
        sum(monthly.taken_count) as taken_count,
        max(monthly.last_date) as last_date
    from months
    inner join monthly
        on
            months.user_key = monthly.user_key
            and months.month_date >= monthly.taken_month
            and monthly.taken_month >= {{ add_months('months.month_date', -11) }}
    group by
        months.user_key, months.month_date, monthly.preference_kind, monthly.preference_value

),

ranked as (

    select
        *,
        row_number() over (
            partition by user_key, month_date, preference_kind
            order by taken_count desc, last_date desc, preference_value asc
        ) as preference_rank
    from summed

)

select
    user_key,
    month_date,
    preference_kind,
    preference_value,
    cast(taken_count as bigint) as taken_count
from ranked
where preference_rank = 1
