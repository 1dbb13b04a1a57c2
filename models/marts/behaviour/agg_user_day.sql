-- Grain: one row per user and business day with an app event or an order.
select
    user_key,
    activity_date,
    event_count,
    dwell_seconds,
    order_count,
    revenue_amount,
    margin_amount
from {{ ref('int_user_days_aggregated') }}
