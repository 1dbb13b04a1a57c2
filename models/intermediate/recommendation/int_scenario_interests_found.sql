-- Grain: one row per user, scenario and day counted to (see int_scenario_profiles_taken) for which
-- the user ordered in the 365 days before or looked in the 90 days before; or ordered in the 90
-- days after, which is the outcome and no feature. Rejected and cancelled orders are none.
{% set outcome_days = 90 %}
{% set ordered_days = 365 %}
{% set viewed_days = 90 %}

with profiles as (

    select *
    from {{ ref('int_scenario_profiles_taken') }}

),

events as (

    select *
    from {{ ref('stg_channel__app_events') }}
    where
        scenario_code is not null
        and event_date > {{ add_days(as_of_date(), -2 * outcome_days - viewed_days) }}

),

identifiers as (

    select *
    from {{ ref('int_identifiers_resolved') }}
    where identifier_type = 'customer'

),

device_users as (

    select *
    from {{ ref('int_device_users') }}

),

orders as (

    select *
    from {{ ref('int_orders_valued') }}
    where scenario_code is not null and order_status not in ('rejected', 'cancelled')

),

views as (

    select
        coalesce(identifiers.user_key, device_users.user_key) as user_key,
        events.scenario_code,
        events.event_date
    from events
    left join identifiers
        on events.customer_id = identifiers.identifier_value
    left join device_users
        on
            events.device_id_hash = device_users.device_id_hash
            and events.occurred_at >= device_users.valid_from_at
            and events.occurred_at < device_users.valid_to_at

),

happenings as (

    select
        user_key,
        scenario_code,
        event_date as happened_date,
        1 as view_count,
        0 as order_count,
        cast(0 as decimal(18, 2)) as margin_amount
    from views
    where user_key is not null
    union all
    select
        user_key,
        scenario_code,
        order_date as happened_date,
        0 as view_count,
        1 as order_count,
        margin_amount
    from orders

),

daily as (

    select
        user_key,
        scenario_code,
        happened_date,
        sum(view_count) as view_count,
        sum(order_count) as order_count,
        sum(margin_amount) as margin_amount
    from happenings
    group by user_key, scenario_code, happened_date

),

placed as (

    select
        profiles.user_key,
        profiles.counted_to_date,
        profiles.snapshot_number,
        daily.scenario_code,
        daily.view_count,
        daily.order_count,
        daily.margin_amount,
        {{ days_between('daily.happened_date', 'profiles.counted_to_date') }} as days_ago
    from profiles
    inner join daily
        on profiles.user_key = daily.user_key
    where
        daily.happened_date > {{ add_days('profiles.counted_to_date', -ordered_days) }}
        and daily.happened_date <= {{ add_days('profiles.counted_to_date', outcome_days) }}

),

counted as (

    select
        user_key,
        counted_to_date,
        snapshot_number,
        scenario_code,
        sum(case when days_ago >= 0 then order_count else 0 end) as order_count_before,
        sum(case when days_ago between 0 and {{ viewed_days - 1 }} then view_count else 0 end)
            as view_count_before,
        sum(case when days_ago < 0 then order_count else 0 end) as order_count_after,
        sum(case when days_ago < 0 then margin_amount else 0 end) as margin_after
    from placed
    group by user_key, counted_to_date, snapshot_number, scenario_code

)

select
    user_key,
    scenario_code,
    counted_to_date,
    snapshot_number,
    case
        when order_count_before > 0 then 'ordered'
        when view_count_before > 0 then 'viewed'
        else 'none'
    end as interest,
    order_count_after > 0 as is_taken_after,
    cast(margin_after as decimal(18, 2)) as margin_after_amount
from counted
where order_count_before > 0 or view_count_before > 0 or order_count_after > 0
