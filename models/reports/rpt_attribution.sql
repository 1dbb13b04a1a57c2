-- Grain: one row per month, goal and channel. Credit of the eight attribution models side by side,
-- the cost of one credited conversion under the last touch, and how far the models are apart.
{% set models = [
    'last', 'first', 'last_non_direct', 'linear', 'position', 'time_decay', 'markov', 'shapley',
] %}
with months as (

    select *
    from {{ ref('agg_attribution_month') }}

),

channels as (

    select *
    from {{ ref('channels') }}

),

pivoted as (

    select
        month_date,
        goal,
        channel_code,
        {% for model in models %}
        sum(case when attribution_model = '{{ model }}' then credited end) as {{ model }}_credit,
        {% endfor %}
        min(credited) as least_credit,
        max(credited) as most_credit,
        max(cost_amount) as cost_amount,
        min(is_mature) as is_mature
    from months
    group by month_date, goal, channel_code

)

select
    pivoted.month_date,
    pivoted.goal,
    channels.channel_group,
    pivoted.channel_code,
    channels.channel_name_en,
    channels.channel_name_zh,
    pivoted.cost_amount,
    {% for model in models %}
    cast(pivoted.{{ model }}_credit as decimal(24, 6)) as {{ model }}_credit,
    {% endfor %}
    case
        when pivoted.goal = 'margin'
            then {{ ratio('pivoted.last_credit - pivoted.cost_amount', 'pivoted.cost_amount') }}
    end as last_return_on_spend,
    case
        when pivoted.goal <> 'margin'
            then {{ ratio('pivoted.cost_amount', 'pivoted.last_credit') }}
    end as last_cost_per_conversion,
    cast(pivoted.most_credit - pivoted.least_credit as decimal(24, 6)) as model_spread,
    pivoted.is_mature
from pivoted
inner join channels
    on pivoted.channel_code = channels.channel_code
