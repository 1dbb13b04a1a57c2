-- Grain: one row per user, kind of data behind tags and span of days in which it kept coming in:
-- no pause longer than the setting fresh_days.
with user_days as (

    select *
    from {{ ref('int_user_days_aggregated') }}

),

touches as (

    select *
    from {{ ref('int_touches_resolved') }}
    where user_key is not null

),

settings as (

    {{ pivoted_settings(ref('tag_settings'), ['fresh_days']) }}

),

arrivals as (

    select
        user_key,
        'activity' as data_source,
        activity_date as arrived_date
    from user_days
    union all
    select
        user_key,
        'app_event' as data_source,
        activity_date as arrived_date
    from user_days
    where event_count > 0
    union all
    select
        user_key,
        'order' as data_source,
        activity_date as arrived_date
    from user_days
    where order_count > 0
    union all
    select
        user_key,
        'message' as data_source,
        {{ business_day('opened_at') }} as arrived_date
    from touches
    where touch_kind = 'message' and opened_at is not null
    union all
    select
        user_key,
        'coupon' as data_source,
        touch_date as arrived_date
    from touches
    where touch_kind = 'coupon_claim'

),

daily as (

    select
        user_key,
        data_source,
        arrived_date
    from arrivals
    group by user_key, data_source, arrived_date

),

compared as (

    select
        *,
        lag(arrived_date) over (
            partition by user_key, data_source
            order by arrived_date
        ) as previous_date
    from daily

),

numbered as (

    select
        compared.*,
        settings.fresh_days,
        sum(case
            when
                {{ days_between('compared.previous_date', 'compared.arrived_date') }}
                <= settings.fresh_days
                then 0
            else 1
        end) over (
            partition by compared.user_key, compared.data_source
            order by compared.arrived_date
            rows between unbounded preceding and current row
        ) as span_number
    from compared
    cross join settings

)

select
    user_key,
    data_source,
    min(arrived_date) as first_date,
    max(arrived_date) as last_date,
    {{ add_days('max(arrived_date)', 'max(fresh_days) + 1') }} as stale_date
from numbered
group by user_key, data_source, span_number
