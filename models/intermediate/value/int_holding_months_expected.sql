-- Grain: one row per product line that is held and months held so far by anybody (up to 400).
-- Months that a balance is still to be expected; shifted beta-geometric.
-- The chance to stay after month n is (beta + n - 1) / (alpha + beta + n - 1): who has stayed long
-- stays longer. Its logarithms are decimals before they are added.
{% set longest = 400 %}
{% set holdout_months = var('ltv_holdout_weeks') | int * 12 // 52 %}

with balance_months as (

    select *
    from {{ ref('int_users_balance_months') }}

),

parameters as (

    select *
    from {{ ref('int_value_parameters_promoted') }}
    where model_family = 'balances' and kind = 'parameter'

),

shapes as (

    select
        product_line,
        cast(max(case when label = 'alpha' then value end) as double) as alpha_value,
        cast(max(case when label = 'beta' then value end) as double) as beta_value
    from parameters
    group by product_line

),

-- Counting numbers, made from days because both engines have a series of days.
counted_days as (
    {{ date_series("cast('2000-01-01' as date)", "cast('2001-03-10' as date)") }}
),

numbers as (

    select {{ days_between("cast('1999-12-31' as date)", 'date_day') }} as month_number
    from counted_days

),

stays as (

    select
        shapes.product_line,
        numbers.month_number,
        cast(
            ln(
                (shapes.beta_value + numbers.month_number - 1)
                / (shapes.alpha_value + shapes.beta_value + numbers.month_number - 1)
            ) as decimal(38, 18)
        ) as log_stay
    from shapes
    cross join numbers

),

survival as (

    select
        product_line,
        month_number,
        log_stay,
        sum(log_stay) over (
            partition by product_line
            order by month_number
            rows between unbounded preceding and current row
        ) as log_survival
    from stays

),

tenures as (

    select
        product_line,
        tenure_months
    from balance_months
    where tenure_months <= {{ longest }}
    group by product_line, tenure_months

),

ahead as (

    select
        bases.product_line,
        bases.month_number as tenure_months,
        laters.month_number - bases.month_number + 1 as months_ahead,
        exp(cast(laters.log_survival - bases.log_survival + bases.log_stay as double))
            as share_held
    from tenures
    inner join survival as bases
        on
            tenures.product_line = bases.product_line
            and tenures.tenure_months = bases.month_number
    inner join survival as laters
        on
            bases.product_line = laters.product_line
            and bases.month_number <= laters.month_number
            and bases.month_number + 36 > laters.month_number

),

terms as (

    select
        product_line,
        tenure_months,
        months_ahead,
        cast(share_held as decimal(38, 18)) as share_held,
        cast(
            share_held * power(
                1 + {{ var('ltv_yearly_discount_percent') }} / 100.0, (0.5 - months_ahead) / 12.0
            ) as decimal(38, 18)
        ) as discounted_share
    from ahead

)

select
    product_line,
    tenure_months,
    cast(
        sum(case when months_ahead <= {{ holdout_months }} then share_held else 0 end)
        as decimal(18, 6)
    ) as months_in_holdout,
    cast(sum(case when months_ahead <= 12 then share_held else 0 end) as decimal(18, 6))
        as months_12_months,
    cast(sum(share_held) as decimal(18, 6)) as months_36_months,
    cast(sum(case when months_ahead <= 12 then discounted_share else 0 end) as decimal(18, 6))
        as discounted_months_12_months,
    cast(sum(discounted_share) as decimal(18, 6)) as discounted_months_36_months
from terms
group by product_line, tenure_months
