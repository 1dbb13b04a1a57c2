-- Grain: one row per campaign with an end, or shopping festival and year, and window: the campaign
-- itself and the 14 days after it, its afterglow. Only what has begun by the as-of date.
-- Scope: the orders that the campaign is about: of its product, else of its scenario, else all.
with campaigns as (

    select
        campaign_id,
        campaign_name,
        objective,
        product_id,
        scenario_code,
        {{ business_day('launched_at') }} as start_date,
        {{ business_day('ended_at') }} as end_date
    from {{ ref('stg_channel__campaigns') }}

),

festivals as (

    select *
    from {{ ref('festivals') }}

),

first_orders as (

    select min(order_date) as first_order_date
    from {{ ref('int_orders_valued') }}

),

listed as (

    select
        'campaign' as campaign_kind,
        campaign_id,
        campaign_name,
        cast(null as string) as campaign_name_zh,
        objective,
        case
            when product_id is not null then 'product'
            when scenario_code is not null then 'scenario'
            else 'platform'
        end as scope_kind,
        coalesce(product_id, scenario_code, 'all') as scope_code,
        start_date,
        end_date
    from campaigns
    where start_date <= end_date
    union all
    select
        'festival' as campaign_kind,
        festival_code as campaign_id,
        name_en as campaign_name,
        name_zh as campaign_name_zh,
        cast(null as string) as objective,
        'platform' as scope_kind,
        'all' as scope_code,
        start_date,
        end_date
    from festivals

),

windows as (

    select
        listed.*,
        'campaign' as window_kind,
        listed.start_date as window_start_date,
        listed.end_date as window_end_date
    from listed
    union all
    select
        listed.*,
        'afterglow' as window_kind,
        {{ add_days('listed.end_date', 1) }} as window_start_date,
        {{ add_days('listed.end_date', 14) }} as window_end_date
    from listed

),

seen as (

    select
        windows.*,
        {{ add_days('windows.start_date', -28) }} as baseline_start_date,
        least(windows.window_end_date, {{ as_of_date() }}) as observed_end_date,
        {{ days_between('windows.start_date', 'windows.window_start_date') }} as first_day_number,
        first_orders.first_order_date
    from windows
    cross join first_orders
    -- Every year has its festivals: those from before the first order say nothing.
    where
        windows.start_date <= {{ as_of_date() }}
        and (
            windows.campaign_kind = 'campaign'
            or windows.end_date >= first_orders.first_order_date
        )

)

select
    campaign_kind,
    campaign_id,
    campaign_name,
    campaign_name_zh,
    objective,
    scope_kind,
    scope_code,
    start_date,
    end_date,
    window_kind,
    window_start_date,
    window_end_date,
    baseline_start_date,
    observed_end_date,
    first_day_number,
    -- 0 where the window has not begun.
    greatest({{ days_between('window_start_date', 'observed_end_date') }} + 1, 0) as observed_days,
    coalesce(first_order_date <= baseline_start_date, false) as is_baseline_observed,
    window_end_date <= {{ as_of_date() }} as is_window_over
from seen
