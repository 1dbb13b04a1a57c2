-- Grain: one row per day counted to (the as-of date and 90 days before it) and scenario: margin
-- that a taker brings within 90 days, from the 360 days up to that day; drawn towards that of all
-- scenarios where there are few takers.
{% set window_days = 90 %}

with orders as (

    select *
    from {{ ref('int_orders_valued') }}
    where scenario_code is not null and order_status not in ('rejected', 'cancelled')

),

scenarios as (

    select *
    from {{ ref('scenarios') }}

),

settings as (

    {{ pivoted_settings(ref('scenario_settings'), ['smoothing_takers']) }}

),

snapshots as (

    select
        {{ as_of_date() }} as counted_to_date,
        0 as snapshot_number
    union all
    select
        {{ add_days(as_of_date(), -window_days) }} as counted_to_date,
        1 as snapshot_number

),

placed as (

    select
        snapshots.snapshot_number,
        orders.user_key,
        orders.scenario_code,
        orders.margin_amount,
        {{ days_between('orders.order_date', 'snapshots.counted_to_date') }} as days_ago
    from orders
    inner join scenarios
        on orders.scenario_code = scenarios.scenario_code
    inner join snapshots
        on orders.order_date <= snapshots.counted_to_date

),

taken as (

    select
        snapshot_number,
        scenario_code,
        user_key,
        floor(days_ago / {{ window_days }}) as window_index,
        sum(margin_amount) as margin_amount
    from placed
    where days_ago < {{ 4 * window_days }}
    group by snapshot_number, scenario_code, user_key, floor(days_ago / {{ window_days }})

),

summed as (

    select
        snapshot_number,
        scenario_code,
        count(*) as taker_count,
        sum(margin_amount) as margin_amount
    from taken
    group by snapshot_number, scenario_code

),

overall as (

    select
        snapshots.snapshot_number,
        coalesce(
            {{ ratio('sum(summed.margin_amount)', 'sum(summed.taker_count)') }}, 0
        ) as mean_margin
    from snapshots
    left join summed
        on snapshots.snapshot_number = summed.snapshot_number
    group by snapshots.snapshot_number

)

select
    overall.snapshot_number,
    scenarios.scenario_code,
    coalesce(summed.taker_count, 0) as taker_count,
    cast(
        {{ ratio(
            'coalesce(summed.margin_amount, 0) + settings.smoothing_takers * overall.mean_margin',
            'coalesce(summed.taker_count, 0) + settings.smoothing_takers'
        ) }} as decimal(18, 2)
    ) as taker_margin_amount
from overall
cross join scenarios
cross join settings
left join summed
    on
        overall.snapshot_number = summed.snapshot_number
        and scenarios.scenario_code = summed.scenario_code
