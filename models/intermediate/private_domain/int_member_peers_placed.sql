-- Grain: one row per month in which somebody joined WeCom or a community and registered user who
-- had not joined before it: who joined then, and who is alike (registration quarter, channel
-- group, band of orders and app days before the month), with the margin of the 6 months after the
-- month. A membership number has no day of its own: it is no joining here.
{% set window = 6 %}

with users as (

    select
        acq.user_key,
        acq.registration_date,
        {{ period_start('month', 'acq.registration_date') }} as registration_month_date,
        {{ period_start('quarter', 'acq.registration_date') }} as registration_quarter_date,
        chn.channel_group
    from {{ ref('int_users_acquired') }} as acq
    inner join {{ ref('channels') }} as chn
        on acq.acquisition_channel_code = chn.channel_code

),

joinings as (

    select
        user_key,
        {{ period_start('month', 'min(joined_date)') }} as joined_month_date
    from {{ ref('int_memberships_unioned') }}
    where membership_kind in ('wecom', 'community') and user_key is not null
    group by user_key

),

days as (

    select
        user_key,
        {{ period_start('month', 'activity_date') }} as month_date,
        sum(case when event_count > 0 then 1 else 0 end) as app_days,
        sum(order_count) as order_count,
        sum(margin_amount) as margin_amount
    from {{ ref('int_user_days_aggregated') }}
    group by user_key, {{ period_start('month', 'activity_date') }}

),

months as (

    select joinings.joined_month_date as month_date
    from joinings
    inner join users
        on
            joinings.user_key = users.user_key
            and joinings.joined_month_date >= users.registration_month_date
    group by joinings.joined_month_date

),

placed as (

    select
        months.month_date,
        users.user_key,
        users.registration_month_date,
        users.registration_quarter_date,
        users.channel_group,
        coalesce(joinings.joined_month_date = months.month_date, false) as is_member
    from months
    inner join users
        on months.month_date >= users.registration_month_date
    left join joinings
        on users.user_key = joinings.user_key
    where
        joinings.joined_month_date is null
        or joinings.joined_month_date >= months.month_date

),

measured as (

    select
        placed.month_date,
        placed.user_key,
        sum(
            case
                when
                    days.month_date < placed.month_date
                    and days.month_date >= {{ add_months('placed.month_date', -window) }}
                    then days.order_count
                else 0
            end
        ) as orders_before,
        sum(
            case
                when days.month_date = {{ add_months('placed.month_date', -1) }} then days.app_days
                else 0
            end
        ) as app_days_before,
        sum(
            case
                when
                    days.month_date > placed.month_date
                    and days.month_date <= {{ add_months('placed.month_date', window) }}
                    then days.margin_amount
                else 0
            end
        ) as margin_after
    from placed
    inner join days
        on placed.user_key = days.user_key
    group by placed.month_date, placed.user_key

)

select
    placed.month_date,
    placed.user_key,
    placed.registration_quarter_date,
    placed.channel_group,
    case
        when placed.registration_month_date = placed.month_date then 'registered_in_month'
        else
            case
                when coalesce(measured.orders_before, 0) = 0 then 'orders_0'
                when measured.orders_before = 1 then 'orders_1'
                else 'orders_2_plus'
            end
            || case
                when coalesce(measured.app_days_before, 0) = 0 then '/app_days_0'
                when measured.app_days_before <= 3 then '/app_days_1_3'
                else '/app_days_4_plus'
            end
    end as activity_band,
    placed.is_member,
    cast(coalesce(measured.margin_after, 0) as decimal(18, 2)) as margin_after_amount,
    {{ add_months('placed.month_date', window + 1) }} <= {{ add_days(as_of_date(), 1) }}
        as is_mature
from placed
left join measured
    on
        placed.month_date = measured.month_date
        and placed.user_key = measured.user_key
