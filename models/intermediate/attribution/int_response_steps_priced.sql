-- Grain: one row per channel and step between neighbouring spend levels of its fitted response
-- curve, with what one more user costs there and the 95 % interval of that.
{% set measures = {
    'spend': 'node_spend', 'users': 'node_users', 'users_low': 'node_users_low',
    'users_high': 'node_users_high',
} %}
-- noqa: disable=LT02
with nodes as (

    select
        label as channel_code,
        step,
        {% for measure, kind in measures.items() %}
        max(case when kind = '{{ kind }}' then cast(value as decimal(24, 6)) end)
            as {{ measure }}{{ ',' if not loop.last }}
        {% endfor %}
    from {{ ref('int_value_parameters_promoted') }}
    where model_family = 'response' and kind like 'node_%'
    group by label, step

),

steps as (

    select
        lower_node.channel_code,
        lower_node.step,
        lower_node.spend as spend_from,
        upper_node.spend as spend_to,
        lower_node.users as users_from,
        upper_node.users as users_to,
        upper_node.users_low - lower_node.users_low as users_more_low,
        upper_node.users_high - lower_node.users_high as users_more_high
    from nodes as lower_node
    inner join nodes as upper_node
        on
            lower_node.channel_code = upper_node.channel_code
            and lower_node.step + 1 = upper_node.step

)

select
    channel_code,
    step,
    cast(spend_from as decimal(18, 2)) as spend_from_amount,
    cast(spend_to as decimal(18, 2)) as spend_to_amount,
    users_from,
    users_to,
    {{ ratio('spend_to - spend_from', 'users_to - users_from') }} as marginal_cost_amount,
    {{ ratio('spend_to - spend_from', 'greatest(users_more_low, users_more_high)') }}
        as marginal_cost_low_amount,
    {{ ratio('spend_to - spend_from', 'least(users_more_low, users_more_high)') }}
        as marginal_cost_high_amount
from steps
