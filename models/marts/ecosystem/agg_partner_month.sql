-- Grain: one row per month, partner and scenario with calls, referrals or users brought: what the
-- partner tells, and what became of the users that are traced to it. Users of the partner channel
-- that no partner can be told for are in the partner 'unknown_partner'.
with calls as (

    select *
    from {{ ref('stg_channel__partner_calls_daily') }}

),

users as (

    select *
    from {{ ref('int_partner_users_mapped') }}

),

golden as (

    select
        user_key,
        first_order_date,
        margin_amount
    from {{ ref('dim_user') }}

),

returned as (

    select
        users.user_key,
        count(*) as day_count
    from users
    inner join {{ ref('agg_user_day') }} as act
        on users.user_key = act.user_key
    where
        act.event_count > 0
        and {{ days_between('users.registration_date', 'act.activity_date') }} between 27 and 33
    group by users.user_key

),

combined as (

    select
        {{ period_start('month', 'call_date') }} as month_date,
        partner_id,
        scenario_code,
        call_count,
        coalesce(fee_amount, 0) as fee_amount,
        coalesce(referred_registrations, 0) as referred_registrations,
        0 as user_count,
        0 as observed_user_count,
        0 as ordered_user_count,
        0 as retained_user_count,
        cast(0 as decimal(18, 2)) as margin_amount
    from calls
    union all
    select
        {{ period_start('month', 'users.registration_date') }} as month_date,
        users.partner_id,
        users.scenario_code,
        0 as call_count,
        cast(0 as decimal(18, 2)) as fee_amount,
        0 as referred_registrations,
        1 as user_count,
        case
            when {{ add_days('users.registration_date', 33) }} <= {{ as_of_date() }} then 1
            else 0
        end as observed_user_count,
        case
            when
                {{ add_days('users.registration_date', 33) }} <= {{ as_of_date() }}
                and golden.first_order_date <= {{ add_days('users.registration_date', 30) }}
                then 1
            else 0
        end as ordered_user_count,
        case
            when
                {{ add_days('users.registration_date', 33) }} <= {{ as_of_date() }}
                and returned.user_key is not null
                then 1
            else 0
        end as retained_user_count,
        golden.margin_amount
    from users
    inner join golden
        on users.user_key = golden.user_key
    left join returned
        on users.user_key = returned.user_key

)

select
    month_date,
    partner_id,
    scenario_code,
    {{ add_months('month_date', 1) }} <= {{ add_days(as_of_date(), 1) }} as is_complete,
    cast(sum(call_count) as bigint) as call_count,
    cast(sum(fee_amount) as decimal(18, 2)) as fee_amount,
    cast(sum(referred_registrations) as bigint) as referred_registration_count,
    cast(sum(user_count) as bigint) as user_count,
    cast(sum(observed_user_count) as bigint) as observed_user_count,
    cast(sum(ordered_user_count) as bigint) as ordered_user_count,
    cast(sum(retained_user_count) as bigint) as retained_user_count,
    cast(sum(margin_amount) as decimal(18, 2)) as margin_amount
from combined
group by month_date, partner_id, scenario_code
