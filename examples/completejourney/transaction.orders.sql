-- One row per basket of the sample.
-- A line's value goes to decimal before it is added: a sum of doubles depends on the order.
select
    basket_id as order_id,
    household_id as customer_id,
    'retail_basket' as product_id,
    min(transaction_timestamp) as ordered_at,
    'completed' as status,
    cast(sum(cast(sales_value as decimal(18, 2))) as decimal(18, 2)) as amount,
    cast(sum(cast(sales_value as decimal(18, 2))) as decimal(18, 2)) as revenue_amount,
    cast(null as decimal(18, 2)) as variable_cost_amount,
    'USD' as currency_code
from read_parquet(getvariable('from') || '/transactions_sample.parquet')
group by basket_id, household_id
