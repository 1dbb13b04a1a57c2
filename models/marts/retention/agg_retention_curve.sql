-- Grain: one row per month of registration, channel group (and all), measure and horizon. Users
-- with an app event on day N (day_exact), on one of days 1 to N (day_rolling) or in month N (month)
-- after registration. Empty, not low, while time has not passed for all of them.
{% set days = [1, 7, 30] %}

with users as (

    select
        usr.user_key,
        usr.registration_date,
        {{ period_start('month', 'usr.registration_date') }} as cohort_month,
        coalesce(chn.channel_group, 'unmapped') as channel_group
    from {{ ref('dim_user') }} as usr
    left join {{ ref('channels') }} as chn
        on usr.acquisition_channel_code = chn.channel_code
    where usr.registration_date is not null

),

active_days as (

    select
        user_key,
        activity_date
    from {{ ref('agg_user_day') }}
    where event_count > 0

),

active_months as (

    select
        user_key,
        month_date
    from {{ ref('agg_user_month') }}
    where is_app_active

),

observed as (

    select min(activity_date) as first_date
    from active_days

),

-- Who registered before the first delivered event cannot be seen coming back in the first days.
grouped_users as (
    {% for channel_group in ["'all'", 'users.channel_group'] %}
    select
        users.user_key,
        users.registration_date,
        users.cohort_month,
        {{ channel_group }} as channel_group,
        users.registration_date >= observed.first_date as is_observed,
        {{ period_start('month', 'observed.first_date') }} as first_month
    from users
    cross join observed
    {% if not loop.last %}
    union all
    {% endif %}
    {% endfor %}
),

sizes as (

    select
        cohort_month,
        channel_group,
        first_month,
        count(*) as users,
        sum(case when is_observed then 1 else 0 end) as observed_users
    from grouped_users
    group by cohort_month, channel_group, first_month

),

grid as (
    {% for measure in ['day_exact', 'day_rolling'] %}
    {% for horizon in days %}
    select
        cohort_month,
        channel_group,
        '{{ measure }}' as measure,
        {{ horizon }} as horizon,
        observed_users as users,
        {{ add_days(add_months('cohort_month', 1), horizon - 1) }} <= {{ as_of_date() }}
            as is_mature
    from sizes
    where observed_users > 0
    union all
    {% endfor %}
    {% endfor %}
    {% for horizon in range(1, 19) %}
    select
        cohort_month,
        channel_group,
        'month' as measure,
        {{ horizon }} as horizon,
        users,
        {{ add_days(add_months('cohort_month', horizon + 1), -1) }} <= {{ as_of_date() }}
            as is_mature
    from sizes
    where {{ add_months('cohort_month', horizon) }} >= first_month
    {% if not loop.last %}
    union all
    {% endif %}
    {% endfor %}
),

returns as (

    select
        users.user_key,
        users.cohort_month,
        users.channel_group,
        {{ days_between('users.registration_date', 'active_days.activity_date') }} as days_since
    from grouped_users as users
    inner join active_days
        on
            users.user_key = active_days.user_key
            and users.registration_date < active_days.activity_date
            and {{ add_days('users.registration_date', days[-1]) }} >= active_days.activity_date
    where users.is_observed

),

first_returns as (

    select
        user_key,
        cohort_month,
        channel_group,
        min(days_since) as days_since
    from returns
    group by user_key, cohort_month, channel_group

),

counted as (

    select
        cohort_month,
        channel_group,
        'day_exact' as measure,
        days_since as horizon,
        count(*) as retained_users
    from returns
    group by cohort_month, channel_group, days_since
    {% for horizon in days %}
    union all
    select
        cohort_month,
        channel_group,
        'day_rolling' as measure,
        {{ horizon }} as horizon,
        count(*) as retained_users
    from first_returns
    where days_since <= {{ horizon }}
    group by cohort_month, channel_group
    {% endfor %}
    union all
    select
        users.cohort_month,
        users.channel_group,
        'month' as measure,
        {{ months_between('users.cohort_month', 'active_months.month_date') }} as horizon,
        count(*) as retained_users
    from grouped_users as users
    inner join active_months
        on
            users.user_key = active_months.user_key
            and users.cohort_month < active_months.month_date
    group by
        users.cohort_month, users.channel_group,
        {{ months_between('users.cohort_month', 'active_months.month_date') }}

),

placed as (

    select
        grid.*,
        case when grid.is_mature then coalesce(counted.retained_users, 0) end as retained_users
    from grid
    left join counted
        on
            grid.cohort_month = counted.cohort_month
            and grid.channel_group = counted.channel_group
            and grid.measure = counted.measure
            and grid.horizon = counted.horizon

)

select
    cohort_month,
    channel_group,
    measure,
    cast(horizon as integer) as horizon,
    cast(users as bigint) as users,
    cast(retained_users as bigint) as retained_users,
    {{ ratio('retained_users', 'users') }} as retained_ratio,
    is_mature
from placed
