-- Grain: one row per month. Users with at least one behavioural tag at the month's end that data of
-- the last 30 days stands behind, over users with an account by then. A tag that is computed anew
-- without new data is not recomputed: it says what it said before.
with months as (

    select *
    from {{ ref('fct_user_tier') }}

),

fresh as (

    select *
    from {{ ref('fct_user_tag_cover') }}
    where tag_kind = 'fresh_dynamic'

),

counted as (

    select
        months.month_date,
        months.is_complete,
        count(*) as users,
        count(fresh.user_key) as fresh_users
    from months
    left join fresh
        on
            months.user_key = fresh.user_key
            and months.month_end_date >= fresh.valid_from_date
            and months.month_end_date < fresh.valid_to_date
    group by months.month_date, months.is_complete

)

select
    'month' as period_grain,
    month_date as period_start_date,
    'all' as cut_name,
    'all' as cut_value,
    {{ ratio('fresh_users', 'users') }} as kpi_value,
    fresh_users as numerator,
    users as denominator,
    users as sample_size,
    is_complete as is_mature
from counted
