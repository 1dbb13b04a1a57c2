-- Grain: one row per user, product line that is bought (not held) and day counted to: the as-of
-- date, and the last day before the holdout, with what happened in the holdout beside it.
-- A purchase is a business day with an order that was neither rejected nor cancelled.
{% set holdout_days = var('ltv_holdout_weeks') | int * 7 %}

with orders as (

    select
        user_key,
        coalesce(product_line, 'other') as product_line,
        order_date,
        case when order_status in ('rejected', 'cancelled') then 0 else 1 end as is_purchase,
        coalesce(revenue_amount, 0) as revenue_amount,
        margin_amount
    from {{ ref('int_orders_valued') }}

),

days as (

    select
        user_key,
        product_line,
        order_date,
        max(is_purchase) as is_purchase,
        cast(sum(revenue_amount) as decimal(18, 2)) as revenue_amount,
        cast(sum(margin_amount) as decimal(18, 2)) as margin_amount
    from orders
    where product_line not in ('{{ var("ltv_balance_lines") | join("', '") }}')
    group by user_key, product_line, order_date

),

firsts as (

    select
        user_key,
        product_line,
        min(order_date) as first_purchase_date
    from days
    where is_purchase = 1
    group by user_key, product_line

),

snapshots as (

    select
        {{ as_of_date() }} as counted_to_date,
        false as is_holdout
    union all
    select
        {{ add_days(as_of_date(), -holdout_days) }} as counted_to_date,
        true as is_holdout

),

placed as (

    select
        days.*,
        firsts.first_purchase_date,
        snapshots.counted_to_date,
        snapshots.is_holdout,
        days.order_date <= snapshots.counted_to_date as is_counted
    from days
    inner join firsts
        on
            days.user_key = firsts.user_key
            and days.product_line = firsts.product_line
    cross join snapshots
    where firsts.first_purchase_date <= snapshots.counted_to_date

),

counted as (

    select
        user_key,
        product_line,
        counted_to_date,
        is_holdout,
        first_purchase_date,
        max(case when is_counted and is_purchase = 1 then order_date end) as last_purchase_date,
        cast(sum(case when is_counted then is_purchase else 0 end) - 1 as bigint) as frequency,
        sum(
            case
                when is_counted and order_date > first_purchase_date
                    then is_purchase * revenue_amount
                else 0
            end
        ) as repeat_revenue,
        sum(case when is_counted then revenue_amount else 0 end) as realised_revenue,
        sum(case when is_counted then margin_amount else 0 end) as realised_margin,
        sum(case when is_counted then 0 else is_purchase end) as outcome_purchases,
        sum(case when is_counted then 0 else margin_amount end) as outcome_margin
    from placed
    group by user_key, product_line, counted_to_date, is_holdout, first_purchase_date

)

select
    user_key,
    product_line,
    counted_to_date,
    is_holdout,
    first_purchase_date,
    last_purchase_date,
    frequency,
    cast(floor({{ days_between('first_purchase_date', 'last_purchase_date') }} / 7) as bigint)
        as recency_weeks,
    cast(floor({{ days_between('first_purchase_date', 'counted_to_date') }} / 7) as bigint)
        as age_weeks,
    coalesce({{ ratio('repeat_revenue', 'frequency') }}, cast(0 as decimal(24, 6)))
        as mean_repeat_revenue_amount,
    cast(realised_revenue as decimal(18, 2)) as realised_revenue_amount,
    cast(realised_margin as decimal(18, 2)) as realised_margin_amount,
    case when is_holdout then cast(outcome_purchases as bigint) end as outcome_purchases,
    case when is_holdout then cast(outcome_margin as decimal(18, 2)) end as outcome_margin_amount
from counted
