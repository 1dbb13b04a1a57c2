-- Grain: one row per order, with its user, product and credit loss.
with orders as (

    select *
    from {{ ref('stg_transaction__orders') }}

),

products as (

    select *
    from {{ ref('stg_transaction__products') }}

),

repayments as (

    select *
    from {{ ref('stg_transaction__repayments') }}

),

identifiers as (

    select *
    from {{ ref('int_identifiers_resolved') }}
    where identifier_type = 'customer'

),

losses as (

    select
        order_id,
        cast(
            sum(
                due_amount
                - case
                    when paid_date is not null then coalesce(paid_amount, 0)
                    else 0
                end
            )
            as decimal(18, 2)
        ) as credit_loss_amount
    from repayments
    where
        due_date < {{ add_days(as_of_date(), - (var('credit_loss_days_past_due') | int)) }}
        and (paid_date is null or coalesce(paid_amount, 0) < due_amount)
    group by order_id

)

select
    orders.*,
    identifiers.user_key,
    products.product_line,
    products.scenario_code,
    coalesce(products.is_bundle, false) as is_bundle,
    products.segment as product_segment,
    coalesce(losses.credit_loss_amount, cast(0 as decimal(18, 2))) as credit_loss_amount,
    cast(
        coalesce(orders.revenue_amount, 0)
        - coalesce(orders.variable_cost_amount, 0)
        - coalesce(losses.credit_loss_amount, 0)
        as decimal(18, 2)
    ) as margin_amount,
    cast(
        row_number() over (
            partition by identifiers.user_key
            order by orders.ordered_at, orders.order_id
        ) as bigint
    ) as order_number
from orders
inner join identifiers
    on orders.customer_id = identifiers.identifier_value
left join products
    on orders.product_id = products.product_id
left join losses
    on orders.order_id = losses.order_id
