-- Grain: one row per user, product line that is held and complete month with a balance above zero.
with balances as (

    select
        *,
        {{ period_start('month', 'balance_date') }} as month_date
    from {{ ref('stg_transaction__asset_balances') }}
    where product_line in ('{{ var("ltv_balance_lines") | join("', '") }}')

),

identifiers as (

    select *
    from {{ ref('int_identifiers_resolved') }}
    where identifier_type = 'customer'

),

-- The last balance told in a month stands for its end.
latest as (

    select
        customer_id,
        product_line,
        month_date,
        balance_amount,
        row_number() over (
            partition by customer_id, product_line, month_date
            order by balance_date desc
        ) as latest_rank
    from balances
    where {{ add_days(add_months('month_date', 1), -1) }} <= {{ as_of_date() }}

),

months as (

    select
        identifiers.user_key,
        latest.product_line,
        latest.month_date,
        cast(sum(latest.balance_amount) as decimal(18, 2)) as balance_amount
    from latest
    inner join identifiers
        on latest.customer_id = identifiers.identifier_value
    where latest.latest_rank = 1
    group by identifiers.user_key, latest.product_line, latest.month_date

),

held as (

    select
        *,
        min(month_date) over (partition by product_line) as line_first_month,
        max(month_date) over (partition by product_line) as line_last_month,
        lag(month_date) over (
            partition by user_key, product_line
            order by month_date
        ) as month_before,
        lead(month_date) over (
            partition by user_key, product_line
            order by month_date
        ) as month_after
    from months
    where balance_amount > 0

),

spells as (

    select
        *,
        max(
            case
                when
                    month_before is null
                    or {{ months_between('month_before', 'month_date') }} > 1
                    then month_date
            end
        ) over (
            partition by user_key, product_line
            order by month_date
            rows between unbounded preceding and current row
        ) as held_since_month
    from held

)

select
    user_key,
    product_line,
    month_date,
    balance_amount,
    {{ months_between('held_since_month', 'month_date') }} + 1 as tenure_months,
    -- Who held a balance when deliveries began has held it for longer than can be seen.
    held_since_month > line_first_month as is_beginning_known,
    case
        when month_date < line_last_month
            then coalesce({{ months_between('month_date', 'month_after') }} = 1, false)
    end as is_held_next_month
from spells
