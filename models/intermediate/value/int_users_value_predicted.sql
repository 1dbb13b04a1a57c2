-- Grain: one row per user, product line and day counted to (the as-of date, and the last day before
-- the holdout) with a promoted model. Margin still to be expected; 12 and 36 months discounted.
-- Purchases are worth their expected revenue (gamma-gamma) times the margin rate of the product
-- line: margins may be negative, which gamma-gamma has no place for. Balances are taken to stay as
-- high as they are for as long as they are kept.
{% set holdout_days = var('ltv_holdout_weeks') | int * 7 %}
{% set holdout_months = var('ltv_holdout_weeks') | int * 12 // 52 %}

with customers as (

    select *
    from {{ ref('int_users_rfm_counts') }}

),

purchases as (

    select *
    from {{ ref('int_purchases_expected') }}

),

balance_months as (

    select *
    from {{ ref('int_users_balance_months') }}

),

holding_months as (

    select *
    from {{ ref('int_holding_months_expected') }}

),

orders as (

    select *
    from {{ ref('int_orders_valued') }}

),

parameters as (

    select
        product_line,
        {% for label in ['r', 'alpha', 'a', 'b', 'p', 'q', 'v'] %}
        cast(max(case when label = '{{ label }}' then value end) as double) as {{ label }}_value,
        {% endfor %}
        max(model_version) as model_version
    from {{ ref('int_value_parameters_promoted') }}
    where model_family in ('purchases', 'balances') and kind = 'parameter'
    group by product_line

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

line_rates as (

    select
        product_line,
        counted_to_date,
        cast(
            {{ ratio('sum(realised_margin_amount)', 'sum(realised_revenue_amount)') }}
            as decimal(18, 6)
        ) as margin_rate
    from customers
    group by product_line, counted_to_date

),

alive as (

    select
        customers.*,
        parameters.model_version,
        cast(
            round(
                case
                    when customers.frequency = 0 then 1
                    else 1 / (
                        1 + parameters.a_value / (parameters.b_value + customers.frequency - 1)
                        * power(
                            (parameters.alpha_value + customers.age_weeks)
                            / (parameters.alpha_value + customers.recency_weeks),
                            parameters.r_value + customers.frequency
                        )
                    )
                end,
                6
            ) as decimal(8, 6)
        ) as alive_probability,
        cast(
            round(
                parameters.p_value * (
                    parameters.v_value
                    + customers.frequency * cast(customers.mean_repeat_revenue_amount as double)
                ) / (parameters.p_value * customers.frequency + parameters.q_value - 1),
                6
            ) as decimal(18, 6)
        ) as purchase_revenue
    from customers
    inner join parameters
        on customers.product_line = parameters.product_line

),

bought as (

    select
        alive.user_key,
        alive.product_line,
        alive.counted_to_date,
        alive.is_holdout,
        alive.model_version,
        alive.alive_probability,
        cast(alive.alive_probability * purchases.purchases_in_holdout as decimal(18, 6))
            as units_in_holdout,
        cast(alive.alive_probability * purchases.discounted_purchases_12_months as decimal(18, 6))
            as units_12_months,
        cast(alive.alive_probability * purchases.discounted_purchases_36_months as decimal(18, 6))
            as units_36_months,
        cast(alive.purchase_revenue * line_rates.margin_rate as decimal(18, 6)) as unit_margin,
        alive.outcome_purchases,
        alive.outcome_margin_amount
    from alive
    inner join purchases
        on
            alive.product_line = purchases.product_line
            and alive.frequency = purchases.frequency
            and alive.age_weeks = purchases.age_weeks
    inner join line_rates
        on
            alive.product_line = line_rates.product_line
            and alive.counted_to_date = line_rates.counted_to_date

),

-- The last complete month up to each day counted to: who holds a balance then is a holder.
held_months as (

    select
        balance_months.product_line,
        snapshots.counted_to_date,
        snapshots.is_holdout,
        max(balance_months.month_date) as month_date,
        sum(balance_months.balance_amount) as balance_months_amount
    from balance_months
    cross join snapshots
    where
        {{ add_days(add_months('balance_months.month_date', 1), -1) }}
        <= snapshots.counted_to_date
    group by balance_months.product_line, snapshots.counted_to_date, snapshots.is_holdout

),

held_margins as (

    select
        held_months.product_line,
        held_months.counted_to_date,
        held_months.is_holdout,
        held_months.month_date,
        cast(
            {{ ratio('sum(orders.margin_amount)', 'max(held_months.balance_months_amount)') }}
            as decimal(18, 6)
        ) as margin_rate
    from held_months
    inner join orders
        on held_months.product_line = orders.product_line
    where orders.order_date <= held_months.counted_to_date
    group by
        held_months.product_line,
        held_months.counted_to_date,
        held_months.is_holdout,
        held_months.month_date

),

-- Margin of a balance is not delivered month by month: what came is what the months really held
-- are worth at the same rate.
outcomes as (

    select
        balance_months.user_key,
        balance_months.product_line,
        held_margins.counted_to_date,
        sum(balance_months.balance_amount) as kept_amount
    from balance_months
    inner join held_margins
        on balance_months.product_line = held_margins.product_line
    where
        held_margins.is_holdout
        and balance_months.month_date > held_margins.month_date
        and {{ months_between('held_margins.month_date', 'balance_months.month_date') }}
        <= {{ holdout_months }}
    group by
        balance_months.user_key, balance_months.product_line, held_margins.counted_to_date

),

held as (

    select
        balance_months.user_key,
        balance_months.product_line,
        held_margins.counted_to_date,
        held_margins.is_holdout,
        parameters.model_version,
        cast(1 as decimal(8, 6)) as alive_probability,
        holding_months.months_in_holdout as units_in_holdout,
        holding_months.discounted_months_12_months as units_12_months,
        holding_months.discounted_months_36_months as units_36_months,
        cast(
            cast(balance_months.balance_amount as decimal(18, 2)) * held_margins.margin_rate
            as decimal(18, 6)
        ) as unit_margin,
        cast(null as bigint) as outcome_purchases,
        case
            when held_margins.is_holdout
                then
                    cast(
                        cast(coalesce(outcomes.kept_amount, 0) as decimal(18, 2))
                        * held_margins.margin_rate
                        as decimal(18, 2)
                    )
        end as outcome_margin_amount
    from balance_months
    inner join held_margins
        on
            balance_months.product_line = held_margins.product_line
            and balance_months.month_date = held_margins.month_date
    inner join parameters
        on balance_months.product_line = parameters.product_line
    inner join holding_months
        on
            balance_months.product_line = holding_months.product_line
            and balance_months.tenure_months = holding_months.tenure_months
    left join outcomes
        on
            balance_months.user_key = outcomes.user_key
            and balance_months.product_line = outcomes.product_line
            and held_margins.counted_to_date = outcomes.counted_to_date

),

combined as (

    select *
    from bought
    union all
    select *
    from held

)

select
    user_key,
    product_line,
    counted_to_date,
    is_holdout,
    model_version,
    alive_probability,
    units_in_holdout,
    units_12_months,
    units_36_months,
    unit_margin,
    cast(units_in_holdout * unit_margin as decimal(18, 2)) as predicted_margin_in_holdout,
    cast(units_12_months * unit_margin as decimal(18, 2)) as predicted_margin_12_months,
    cast(units_36_months * unit_margin as decimal(18, 2)) as predicted_margin_36_months,
    outcome_purchases,
    outcome_margin_amount
from combined
