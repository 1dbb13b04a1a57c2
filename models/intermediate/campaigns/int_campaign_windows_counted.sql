-- Grain: one row per campaign or festival and window, with the orders in its scope and those of the
-- matched baseline. Day number i of a campaign, its afterglow included, is compared with day
-- number i modulo 28 of the four weeks before the launch: the same weekday, 28 days before where
-- that lies before the launch, else the multiple of 28 that does.
with windows as (

    select *
    from {{ ref('int_campaign_windows_listed') }}

),

orders as (

    select
        order_date,
        product_id,
        scenario_code,
        case
            when
                product_line = 'consumer_credit'
                and order_status in ('funded', 'completed', 'defaulted')
                then order_amount
            else cast(0 as decimal(18, 2))
        end as disbursed_amount
    from {{ ref('int_orders_valued') }}

),

days as (
    {% for scope_kind, scope_code in [
        ('platform', "'all'"), ('product', 'product_id'), ('scenario', 'scenario_code'),
    ] %}
    select
        '{{ scope_kind }}' as scope_kind,
        {{ scope_code }} as scope_code,
        order_date,
        count(*) as orders,
        cast(sum(disbursed_amount) as decimal(18, 2)) as disbursed_amount
    from orders
    where {{ scope_code }} is not null
    group by {{ scope_code }}, order_date
    {% if not loop.last %}
    union all
    {% endif %}
    {% endfor %}
),

counted as (

    select
        windows.campaign_kind,
        windows.campaign_id,
        windows.start_date,
        windows.window_kind,
        sum(days.orders) as orders,
        sum(days.disbursed_amount) as disbursed_amount
    from windows
    inner join days
        on
            windows.scope_kind = days.scope_kind
            and windows.scope_code = days.scope_code
            and windows.window_start_date <= days.order_date
            and windows.observed_end_date >= days.order_date
    group by
        windows.campaign_kind, windows.campaign_id, windows.start_date, windows.window_kind

),

baseline_days as (

    select
        windows.campaign_kind,
        windows.campaign_id,
        windows.start_date,
        windows.window_kind,
        windows.first_day_number,
        windows.observed_days,
        {{ days_between('windows.baseline_start_date', 'days.order_date') }} as day_number,
        days.orders,
        days.disbursed_amount
    from windows
    inner join days
        on
            windows.scope_kind = days.scope_kind
            and windows.scope_code = days.scope_code
            and windows.baseline_start_date <= days.order_date
            and windows.start_date > days.order_date

),

-- How often each day of the four weeks is compared with: days of the window with its number.
weighted as (

    select
        *,
        cast(
            floor((first_day_number + observed_days - day_number + 27) / 28)
            - floor((first_day_number - day_number + 27) / 28)
            as bigint
        ) as times
    from baseline_days

),

baselines as (

    select
        campaign_kind,
        campaign_id,
        start_date,
        window_kind,
        sum(times * orders) as orders,
        sum(times * times * orders) as variance,
        sum(times * disbursed_amount) as disbursed_amount
    from weighted
    group by campaign_kind, campaign_id, start_date, window_kind

)

select
    windows.*,
    cast(coalesce(counted.orders, 0) as bigint) as order_count,
    cast(coalesce(baselines.orders, 0) as bigint) as baseline_order_count,
    cast(coalesce(baselines.variance, 0) as bigint) as baseline_variance,
    cast(coalesce(counted.disbursed_amount, 0) as decimal(18, 2)) as disbursed_amount,
    cast(coalesce(baselines.disbursed_amount, 0) as decimal(18, 2)) as baseline_disbursed_amount
from windows
left join counted
    on
        windows.campaign_kind = counted.campaign_kind
        and windows.campaign_id = counted.campaign_id
        and windows.start_date = counted.start_date
        and windows.window_kind = counted.window_kind
left join baselines
    on
        windows.campaign_kind = baselines.campaign_kind
        and windows.campaign_id = baselines.campaign_id
        and windows.start_date = baselines.start_date
        and windows.window_kind = baselines.window_kind
