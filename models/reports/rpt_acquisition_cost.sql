-- Grain: one row per month of registration and channel, and per month over all paid channels
-- (`all`). What a user cost who registered, who ordered, and who performs: one with a funded order,
-- margin above 0 to date and no credit loss. Unpaid channels have users without cost.
with channels as (

    select *
    from {{ ref('channels') }}

),

users as (

    select
        user_key,
        {{ period_start('month', 'registration_date') }} as month_date,
        acquisition_channel_code as channel_code
    from {{ ref('dim_user') }}
    where registration_date is not null

),

orders as (

    select
        user_key,
        max(case when is_funded then 1 else 0 end) as has_funded,
        sum(margin_amount) as margin_amount,
        sum(credit_loss_amount) as credit_loss_amount
    from {{ ref('fct_order') }}
    group by user_key

),

spend as (

    select
        {{ period_start('month', 'activity_date') }} as month_date,
        channel_code,
        acquisition_cost_amount
    from {{ ref('agg_channel_day') }}

),

combined as (

    select
        users.month_date,
        users.channel_code,
        cast(0 as decimal(18, 2)) as spend_amount,
        1 as acquired_users,
        case when orders.user_key is null then 0 else 1 end as ordering_users,
        case
            when
                orders.has_funded = 1
                and orders.margin_amount > 0
                and orders.credit_loss_amount = 0
                then 1
            else 0
        end as performing_users
    from users
    left join orders
        on users.user_key = orders.user_key
    union all
    select
        month_date,
        channel_code,
        acquisition_cost_amount as spend_amount,
        0 as acquired_users,
        0 as ordering_users,
        0 as performing_users
    from spend

),

marked as (

    select
        combined.*,
        channels.channel_group,
        channels.is_paid
    from combined
    inner join channels
        on combined.channel_code = channels.channel_code

),

summed as (

    select
        month_date,
        channel_group,
        channel_code,
        is_paid,
        sum(spend_amount) as spend_amount,
        sum(acquired_users) as acquired_users,
        sum(ordering_users) as ordering_users,
        sum(performing_users) as performing_users
    from marked
    group by month_date, channel_group, channel_code, is_paid
    union all
    select
        month_date,
        'all' as channel_group,
        'all' as channel_code,
        true as is_paid,
        sum(spend_amount) as spend_amount,
        sum(acquired_users) as acquired_users,
        sum(ordering_users) as ordering_users,
        sum(performing_users) as performing_users
    from marked
    where is_paid
    group by month_date

),

-- What one more user costs at the month's spend, with both ends of its interval.
marginal as (

    select
        period_start_date as month_date,
        cut_value,
        kpi_value
    from {{ ref('kpi_cac_marginal') }}

),

named as (

    select
        *,
        case
            when channel_code = 'all' then 'all'
            else channel_group || '/' || channel_code
        end as cut_value
    from summed

)

select
    named.month_date,
    named.channel_group,
    named.channel_code,
    named.is_paid,
    cast(named.spend_amount as decimal(18, 2)) as spend_amount,
    cast(named.acquired_users as bigint) as acquired_users,
    cast(named.ordering_users as bigint) as ordering_users,
    cast(named.performing_users as bigint) as performing_users,
    {{ ratio('named.spend_amount', 'named.acquired_users') }} as cost_per_acquired,
    {{ ratio('named.spend_amount', 'named.ordering_users') }} as cost_per_ordering,
    {{ ratio('named.spend_amount', 'named.performing_users') }} as cost_per_performing,
    marginal.kpi_value as marginal_cost_amount,
    low_end.kpi_value as marginal_cost_low_amount,
    high_end.kpi_value as marginal_cost_high_amount,
    {{ add_months('named.month_date', 1) }}
    <= {{ add_days(as_of_date(), 1) }} as is_mature
from named
left join marginal
    on
        named.month_date = marginal.month_date
        and named.cut_value = marginal.cut_value
left join marginal as low_end
    on
        named.month_date = low_end.month_date
        and 'low/' || named.cut_value = low_end.cut_value
left join marginal as high_end
    on
        named.month_date = high_end.month_date
        and 'high/' || named.cut_value = high_end.cut_value
