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
        *,
        {{ add_days('start_date', -28) }} as baseline_start_date,
        least(window_end_date, {{ as_of_date() }}) as observed_end_date,
        {{ days_between('start_date', 'window_start_date') }} as first_day_number
    from windows
    where start_date <= {{ as_of_date() }}

)

select
    seen.campaign_kind,
    seen.campaign_id,
    seen.campaign_name,
    seen.campaign_name_zh,
    seen.objective,
    seen.scope_kind,
    seen.scope_code,
    seen.start_date,
    seen.end_date,
    seen.window_kind,
    seen.window_start_date,
    seen.window_end_date,
    seen.baseline_start_date,
    seen.observed_end_date,
    seen.first_day_number,
    -- 0 where the window has not begun.
    greatest({{ days_between('seen.window_start_date', 'seen.observed_end_date') }} + 1, 0)
        as observed_days,
    coalesce(first_orders.first_order_date <= seen.baseline_start_date, false)
        as is_baseline_observed,
    seen.window_end_date <= {{ as_of_date() }} as is_window_over
from seen
cross join first_orders
