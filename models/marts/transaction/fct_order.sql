-- Grain: one row per order, in its latest state.
with orders as (

    select *
    from {{ ref('int_orders_valued') }}

),

attributed as (

    select *
    from {{ ref('int_conversions_attributed') }}
    where conversion_kind = 'order'

)

select
    {{ surrogate_key(['orders.order_id']) }} as order_key,
    orders.order_id,
    orders.user_key,
    orders.product_id,
    orders.product_line,
    orders.scenario_code,
    orders.product_segment,
    orders.is_bundle,
    orders.ordered_at,
    orders.order_date,
    orders.order_number,
    orders.order_number = 1 as is_first_order,
    orders.order_status,
    orders.order_status in ('funded', 'completed', 'defaulted') as is_funded,
    orders.matured_at,
    orders.renewed_from_order_id,
    orders.order_amount,
    coalesce(orders.revenue_amount, cast(0 as decimal(18, 2))) as revenue_amount,
    coalesce(orders.variable_cost_amount, cast(0 as decimal(18, 2))) as variable_cost_amount,
    orders.credit_loss_amount,
    orders.margin_amount,
    orders.currency_code,
    attributed.touch_kind as attributed_touch_kind,
    attributed.campaign_id as attributed_campaign_id,
    coalesce(attributed.channel_code, 'unattributed') as attributed_channel_code
from orders
left join attributed
    on orders.order_id = attributed.conversion_id
