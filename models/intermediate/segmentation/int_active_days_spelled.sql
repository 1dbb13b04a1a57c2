-- Grain: one row per user and business day with an app event, an order or the registration.
-- Each tells until when the user counts as there (the rhythm of the product lines used so far), and
-- which spell it belongs to: a spell ends with churn.
with user_days as (

    select *
    from {{ ref('int_user_days_aggregated') }}
    where event_count > 0

),

orders as (

    select *
    from {{ ref('int_orders_valued') }}

),

registered as (

    select *
    from {{ ref('int_users_registered') }}

),

settings as (

    {{
        pivoted_settings(
            ref('tier_settings'), ['new_rhythms', 'dormant_rhythms', 'churned_rhythms']
        )
    }}

),

activities as (

    select
        user_key,
        activity_date,
        0 as order_count,
        {{ rhythm_days("'other'") }} as rhythm_days
    from user_days
    union all
    select
        user_key,
        registration_date as activity_date,
        0 as order_count,
        {{ rhythm_days("'other'") }} as rhythm_days
    from registered
    union all
    select
        user_key,
        order_date as activity_date,
        1 as order_count,
        {{ rhythm_days('product_line') }} as rhythm_days
    from orders

),

daily as (

    select
        user_key,
        activity_date,
        sum(order_count) as order_count,
        max(rhythm_days) as rhythm_days
    from activities
    group by user_key, activity_date

),

reached as (

    select
        daily.user_key,
        daily.activity_date,
        daily.order_count,
        daily.rhythm_days * settings.new_rhythms as greeting_days,
        max({{
            add_days('daily.activity_date', 'daily.rhythm_days * settings.dormant_rhythms + 1')
        }}) over (
            partition by daily.user_key
            order by daily.activity_date
            rows between unbounded preceding and current row
        ) as dormant_date,
        max({{
            add_days('daily.activity_date', 'daily.rhythm_days * settings.churned_rhythms + 1')
        }}) over (
            partition by daily.user_key
            order by daily.activity_date
            rows between unbounded preceding and current row
        ) as churned_date
    from daily
    cross join settings

),

followed as (

    select
        *,
        lag(churned_date) over (
            partition by user_key
            order by activity_date
        ) as previous_churned_date,
        lead(activity_date) over (
            partition by user_key
            order by activity_date
        ) as next_activity_date
    from reached

),

spelled as (

    select
        *,
        sum(case when activity_date >= previous_churned_date then 1 else 0 end) over (
            partition by user_key
            order by activity_date
            rows between unbounded preceding and current row
        ) as spell_number
    from followed

)

select
    user_key,
    activity_date,
    next_activity_date,
    dormant_date,
    churned_date,
    cast(spell_number as bigint) as spell_number,
    min(activity_date) over (
        partition by user_key, spell_number
    ) as spell_start_date,
    first_value(greeting_days) over (
        partition by user_key, spell_number
        order by activity_date
        rows between unbounded preceding and current row
    ) as greeting_days,
    cast(
        sum(order_count) over (
            partition by user_key, spell_number
            order by activity_date
            rows between unbounded preceding and current row
        ) as bigint
    ) as spell_order_count
from spelled
