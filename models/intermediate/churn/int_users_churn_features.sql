-- Grain: one row per user seen in the 90 days up to a day counted to, and that day: the as-of date
-- and four days before it, 30 days apart. Nothing later than the day enters a feature; what came in
-- the 30 days after it is the outcome, empty for the as-of date.
-- Each feature has a level (churn_levels): a score is a sum of weights of levels.
{% set window_days = 90 %}
{% set ahead_days = 30 %}

with seen as (

    select *
    from {{ ref('int_user_days_aggregated') }}

),

registrations as (

    select
        user_key,
        min(registered_at) as registered_at
    from {{ ref('int_users_registered') }}
    group by user_key

),

days as (

    select
        seen.user_key,
        seen.activity_date,
        seen.order_count,
        {{ business_day('registrations.registered_at') }} as registration_date
    from seen
    inner join registrations
        on seen.user_key = registrations.user_key

),

snapshots as (
    {% for number in range(5) %}
    select
        {{ add_days(as_of_date(), -ahead_days * number) }} as counted_to_date,
        {{ number }} as snapshot_number
    {% if not loop.last %}
    union all
    {% endif %}
    {% endfor %}
),

placed as (

    select
        days.user_key,
        days.order_count,
        snapshots.counted_to_date,
        snapshots.snapshot_number,
        {{ days_between('days.activity_date', 'snapshots.counted_to_date') }} as days_ago,
        {{ days_between('days.registration_date', 'snapshots.counted_to_date') }} as tenure_days
    from days
    cross join snapshots
    where
        days.registration_date <= snapshots.counted_to_date
        and days.activity_date > {{ add_days('snapshots.counted_to_date', -window_days) }}
        and days.activity_date <= {{ add_days('snapshots.counted_to_date', ahead_days) }}

),

counted as (

    select
        user_key,
        counted_to_date,
        snapshot_number,
        tenure_days,
        min(case when days_ago >= 0 then days_ago end) as days_since_seen,
        sum(case when days_ago between 0 and 29 then 1 else 0 end) as active_days_30,
        sum(case when days_ago between 30 and 59 then 1 else 0 end) as active_days_60,
        sum(case when days_ago >= 0 then 1 else 0 end) as active_days_90,
        sum(case when days_ago >= 0 then order_count else 0 end) as order_count_90,
        sum(case when days_ago < 0 then 1 else 0 end) as days_seen_after
    from placed
    group by user_key, counted_to_date, snapshot_number, tenure_days

)

select
    user_key,
    counted_to_date,
    cast(snapshot_number as integer) as snapshot_number,
    cast(days_since_seen as bigint) as days_since_seen,
    cast(active_days_30 as bigint) as active_days_30,
    cast(active_days_60 as bigint) as active_days_60,
    cast(active_days_90 as bigint) as active_days_90,
    cast(order_count_90 as bigint) as order_count_90,
    cast(tenure_days as bigint) as tenure_days,
    {% for name, bounds in var('churn_levels').items() %}
    case
        {% for bound in bounds | reverse %}
        when {{ name }} >= {{ bound }} then {{ bounds | length - loop.index0 }}
        {% endfor %}
        else 0
    end as {{ name }}_level,
    {% endfor %}
    case when snapshot_number > 0 then days_seen_after = 0 end as is_churned_after
from counted
where days_since_seen is not null
