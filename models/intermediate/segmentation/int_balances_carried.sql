-- Grain: one row per user and calendar month with assets at its end: the last balance of each
-- account holder and product line in the month, or in the month before where none was told since.
-- Debts (consumer_credit) are no assets.
with balances as (

    select *
    from {{ ref('stg_transaction__asset_balances') }}
    where product_line <> 'consumer_credit'

),

identifiers as (

    select *
    from {{ ref('int_identifiers_resolved') }}
    where identifier_type = 'customer'

),

ranked as (

    select
        customer_id,
        product_line,
        balance_amount,
        {{ period_start('month', 'balance_date') }} as month_date,
        row_number() over (
            partition by customer_id, product_line, {{ period_start('month', 'balance_date') }}
            order by balance_date desc
        ) as recency_rank
    from balances

),

last_of_month as (

    select
        customer_id,
        product_line,
        month_date,
        balance_amount
    from ranked
    where recency_rank = 1

),

offered as (

    select
        customer_id,
        product_line,
        month_date,
        balance_amount,
        0 as age_months
    from last_of_month
    union all
    select
        customer_id,
        product_line,
        {{ add_months('month_date', 1) }} as month_date,
        balance_amount,
        1 as age_months
    from last_of_month

),

picked as (

    select
        *,
        row_number() over (
            partition by customer_id, product_line, month_date
            order by age_months
        ) as age_rank
    from offered

)

select
    identifiers.user_key,
    picked.month_date,
    cast(sum(picked.balance_amount) as decimal(18, 2)) as assets_amount
from picked
inner join identifiers
    on picked.customer_id = identifiers.identifier_value
where picked.age_rank = 1 and picked.month_date <= {{ as_of_date() }}
group by identifiers.user_key, picked.month_date
