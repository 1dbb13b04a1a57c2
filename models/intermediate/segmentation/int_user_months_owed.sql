-- Grain: one row per user and listed month in which something was due in the 12 months to its end
-- or is still owed at it: days past due of the oldest instalment open, instalments due and late.
with months as (

    select *
    from {{ ref('int_user_months_listed') }}

),

orders as (

    select
        order_id,
        user_key
    from {{ ref('int_orders_valued') }}

),

repayments as (

    select *
    from {{ ref('stg_transaction__repayments') }}

),

settings as (

    {{ pivoted_settings(ref('tier_settings'), ['late_days']) }}

),

-- An instalment is judged on the day after its days of grace.
instalments as (

    select
        orders.user_key,
        repayments.due_date,
        case
            when repayments.paid_amount >= repayments.due_amount then repayments.paid_date
        end as settled_date,
        {{ add_days('repayments.due_date', 'settings.late_days + 1') }} as judged_date
    from repayments
    inner join orders
        on repayments.order_id = orders.order_id
    cross join settings

)

select
    months.user_key,
    months.month_date,
    cast(
        max(case
            when
                instalments.settled_date is null
                or instalments.settled_date > months.month_end_date
                then {{ days_between('instalments.due_date', 'months.month_end_date') }}
            else 0
        end) as bigint
    ) as days_past_due,
    cast(
        sum(case
            when
                instalments.judged_date >= {{ add_months('months.month_date', -11) }}
                and instalments.judged_date <= months.month_end_date
                then 1
            else 0
        end) as bigint
    ) as judged_count_12m,
    cast(
        sum(case
            when
                instalments.judged_date >= {{ add_months('months.month_date', -11) }}
                and instalments.judged_date <= months.month_end_date
                and (
                    instalments.settled_date >= instalments.judged_date
                    or instalments.settled_date is null
                )
                then 1
            else 0
        end) as bigint
    ) as late_count_12m
from months
inner join instalments
    on
        months.user_key = instalments.user_key
        and months.month_end_date >= instalments.due_date
        and (
            instalments.settled_date is null
            or months.month_end_date < instalments.settled_date
            or instalments.judged_date >= {{ add_months('months.month_date', -11) }}
        )
group by months.user_key, months.month_date
