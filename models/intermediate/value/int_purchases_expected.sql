-- Grain: one row per product line, frequency and age in weeks that customers have. Purchases still
-- to be expected from one who still buys: as long as the holdout, 52 and 156 weeks; BG/NBD.
-- The integral over the chance to leave is a sum over the nodes of the fit, in powers alone: the
-- textbook's hypergeometric series is in no engine. Equal customers are computed once. Terms are
-- decimals before they are added, so that neither threads nor engines change the sum.
{% set quarters = 12 %}
{% set weeks_per_quarter = 13 %}
{% set holdout_quarters = var('ltv_holdout_weeks') | int // weeks_per_quarter %}
{% set growth = 1 + var('ltv_yearly_discount_percent') / 100 %}

with customers as (

    select
        product_line,
        frequency,
        age_weeks
    from {{ ref('int_users_rfm_counts') }}
    group by product_line, frequency, age_weeks

),

parameters as (

    select *
    from {{ ref('int_value_parameters_promoted') }}
    where model_family = 'purchases'

),

shapes as (

    select
        product_line,
        cast(max(case when label = 'r' then value end) as double) as r_value,
        cast(max(case when label = 'alpha' then value end) as double) as alpha_value
    from parameters
    where kind = 'parameter'
    group by product_line

),

nodes as (

    select
        product_line,
        step,
        cast(max(case when label = 'chance' then value end) as double) as chance,
        cast(max(case when label = 'weight' then value end) as double) as weight
    from parameters
    where kind = 'node'
    group by product_line, step

),

spread as (

    select
        customers.product_line,
        customers.frequency,
        customers.age_weeks,
        nodes.chance,
        nodes.weight * power(1 - nodes.chance, customers.frequency) as node_weight,
        shapes.r_value + customers.frequency as shape_value,
        {{ weeks_per_quarter }} * nodes.chance / (shapes.alpha_value + customers.age_weeks)
            as quarter_reach
    from customers
    inner join shapes
        on customers.product_line = shapes.product_line
    inner join nodes
        on customers.product_line = nodes.product_line

),

-- Purchases from now to the end of each quarter, from customers with this chance to leave.
terms as (

    select
        product_line,
        frequency,
        age_weeks,
        {% for quarter in range(1, quarters + 1) %}
        cast(
            node_weight * (1 - power(1 + {{ quarter }} * quarter_reach, -shape_value)) / chance
            as decimal(38, 18)
        ) as until_quarter_{{ quarter }},
        {% endfor %}
        cast(node_weight as decimal(38, 18)) as node_weight
    from spread

),

sums as (

    select
        product_line,
        frequency,
        age_weeks,
        {% for quarter in range(1, quarters + 1) %}
        cast(sum(until_quarter_{{ quarter }}) as double)
            as until_quarter_{{ quarter }},
        {% endfor %}
        cast(sum(node_weight) as double) as weights
    from terms
    group by product_line, frequency, age_weeks

)

select
    product_line,
    frequency,
    age_weeks,
    {% for months in [12, 36] %}
    cast(
        round(
            (
                0
                {% for quarter in range(1, months // 3 + 1) %}
                {% set before = 'until_quarter_' ~ (quarter - 1) if quarter > 1 else '0' %}
                + (until_quarter_{{ quarter }} - {{ before }})
                * {{ '%.9f' % (growth ** ((0.5 - quarter) / 4)) }}
                {% endfor %}
            ) / weights,
            6
        ) as decimal(18, 6)
    ) as discounted_purchases_{{ months }}_months,
    {% endfor %}
    cast(round(until_quarter_{{ holdout_quarters }} / weights, 6) as decimal(18, 6))
        as purchases_in_holdout,
    cast(round(until_quarter_4 / weights, 6) as decimal(18, 6)) as purchases_12_months,
    cast(round(until_quarter_12 / weights, 6) as decimal(18, 6)) as purchases_36_months
from sums
