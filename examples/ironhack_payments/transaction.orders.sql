-- One row per cash advance, all statuses: a declined advance is also a sign of activity.
with advances as (
    select
        *,
        coalesce(user_id, deleted_account_id) as account_number
    from read_parquet(getvariable('from') || '/cleaned_requests.parquet')
),

-- Only accepted fees are earned; they are kept to the cent before they are added.
fees as (
    select
        cast(cash_request_id as bigint) as advance_id,
        sum(cast(total_amount as decimal(18, 2))) as revenue_amount
    from read_parquet(getvariable('from') || '/cleaned_fees.parquet')
    where status = 'accepted'
    group by cast(cash_request_id as bigint)
)

select
    cast(advances.id as varchar) as order_id,
    cast(advances.account_number as varchar) as customer_id,
    'cash_advance' as product_id,
    -- Cut, not rounded: a second never moves into the next business day.
    date_trunc('second', advances.created_at at time zone 'UTC') as ordered_at,
    case
        when advances.status = 'money_back' then 'completed'
        -- Paid out, and the last collection failed with the recovery still open at extraction,
        -- more than three months after the last advance.
        when
            advances.status = 'direct_debit_rejected' and advances.recovery_status = 'pending'
            then 'defaulted'
        when advances.status in ('active', 'direct_debit_sent', 'direct_debit_rejected')
            then 'funded'
        when advances.status = 'rejected' then 'rejected'
        when advances.status in ('canceled', 'transaction_declined') then 'cancelled'
        -- A status not known here stays as it is, and ingestion quarantines the row.
        else advances.status
    end as status,
    cast(advances.amount as decimal(18, 2)) as amount,
    cast(coalesce(fees.revenue_amount, 0) as decimal(18, 2)) as revenue_amount,
    -- The source knows no cost.
    cast(null as decimal(18, 2)) as variable_cost_amount,
    'EUR' as currency_code
from advances
left join fees on advances.id = fees.advance_id
