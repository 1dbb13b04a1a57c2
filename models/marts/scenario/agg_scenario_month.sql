-- Grain: one row per month and scenario with use, showings or orders.
with used as (

    select
        month_date,
        scenario_code,
        count(distinct user_key) as users
    from {{ ref('int_user_event_months_counted') }}
    where scenario_code is not null
    group by month_date, scenario_code

),

shown as (

    select
        month_date,
        scenario_code,
        count(*) as users,
        sum(case when is_converted then 1 else 0 end) as converted
    from {{ ref('int_scenario_showings_followed') }}
    group by month_date, scenario_code

),

ordered as (

    select
        {{ period_start('month', 'order_date') }} as month_date,
        scenario_code,
        count(*) as orders,
        sum(case when is_bundle then 1 else 0 end) as bundle_orders,
        count(distinct user_key) as buyers,
        sum(revenue_amount) as revenue,
        sum(margin_amount) as margin
    from {{ ref('fct_order') }}
    where scenario_code is not null
    group by {{ period_start('month', 'order_date') }}, scenario_code

),

combined as (

    select
        month_date,
        scenario_code,
        users as used_users,
        0 as shown_users,
        0 as converted_users,
        0 as orders,
        0 as bundle_orders,
        0 as buyers,
        cast(0 as decimal(18, 2)) as revenue,
        cast(0 as decimal(18, 2)) as margin
    from used
    union all
    select
        month_date,
        scenario_code,
        0 as used_users,
        users as shown_users,
        converted as converted_users,
        0 as orders,
        0 as bundle_orders,
        0 as buyers,
        cast(0 as decimal(18, 2)) as revenue,
        cast(0 as decimal(18, 2)) as margin
    from shown
    union all
    select
        month_date,
        scenario_code,
        0 as used_users,
        0 as shown_users,
        0 as converted_users,
        orders,
        bundle_orders,
        buyers,
        revenue,
        margin
    from ordered

)

select
    month_date,
    scenario_code,
    {{ add_months('month_date', 1) }} <= {{ add_days(as_of_date(), 1) }} as is_complete,
    {{ add_days(add_months('month_date', 1), 6) }} <= {{ as_of_date() }} as is_conversion_final,
    cast(sum(used_users) as bigint) as used_user_count,
    cast(sum(shown_users) as bigint) as shown_user_count,
    cast(sum(converted_users) as bigint) as converted_user_count,
    cast(sum(orders) as bigint) as order_count,
    cast(sum(bundle_orders) as bigint) as bundle_order_count,
    cast(sum(buyers) as bigint) as buyer_count,
    cast(sum(revenue) as decimal(18, 2)) as revenue_amount,
    cast(sum(margin) as decimal(18, 2)) as margin_amount
from combined
group by month_date, scenario_code
