-- Grain: one row per month. Users whose tags at the month's end are all demographic, over users
-- with an account by then. Who has no tag at all is in the denominator only.
with months as (

    select *
    from {{ ref('fct_user_tier') }}

),

basic as (

    select *
    from {{ ref('fct_user_tag_cover') }}
    where tag_kind = 'demographic'

),

others as (

    select *
    from {{ ref('fct_user_tag_cover') }}
    where tag_kind = 'other'

),

counted as (

    select
        months.month_date,
        months.is_complete,
        count(*) as users,
        sum(case when basic.user_key is not null and others.user_key is null then 1 else 0 end)
            as basic_users
    from months
    left join basic
        on
            months.user_key = basic.user_key
            and months.month_end_date >= basic.valid_from_date
            and months.month_end_date < basic.valid_to_date
    left join others
        on
            months.user_key = others.user_key
            and months.month_end_date >= others.valid_from_date
            and months.month_end_date < others.valid_to_date
    group by months.month_date, months.is_complete

)

select
    'month' as period_grain,
    month_date as period_start_date,
    'all' as cut_name,
    'all' as cut_value,
    {{ ratio('basic_users', 'users') }} as kpi_value,
    basic_users as numerator,
    users as denominator,
    users as sample_size,
    is_complete as is_mature
from counted
