-- Grain: one row per month, goal (registration, first order, funded order, margin), attribution
-- model and channel; paid channels without any credit are rows too, and so is 'unattributed'.
{% set models = [
    'last', 'first', 'last_non_direct', 'linear', 'position', 'time_decay', 'markov', 'shapley',
] %}
{% set goals = {
    'registration': "conversion_kind = 'registration'",
    'first_order': "is_first_order",
    'funded_order': "is_funded_order",
    'margin': "conversion_kind = 'order'",
} %}
with credits as (

    select
        *,
        {{ period_start('month', 'conversion_date') }} as month_date
    from {{ ref('fct_attribution') }}

),

channels as (

    select *
    from {{ ref('channels') }}

),

months as (

    select
        period_start_date as month_date,
        min(is_complete) as is_complete
    from {{ ref('dim_period') }}
    where period_grain = 'month'
    group by period_start_date

),

spend as (

    select
        {{ period_start('month', 'activity_date') }} as month_date,
        channel_code,
        sum(cost_amount) as cost_amount,
        sum(acquisition_cost_amount) as acquisition_cost_amount
    from {{ ref('agg_channel_day') }}
    group by {{ period_start('month', 'activity_date') }}, channel_code

),

-- noqa: disable=LT02
summed as (
    {% for goal, condition in goals.items() %}
    select
        month_date,
        '{{ goal }}' as goal,
        channel_code,
        {% for model in models %}
        sum(
            {{ model }}_share{{ ' * margin_amount' if goal == 'margin' }}
        ) as {{ model }}_credit{{ ',' if not loop.last }}
        {% endfor %}
    from credits
    where {{ condition }}
    group by month_date, channel_code
    {% if not loop.last %}
    union all
    {% endif %}
    {% endfor %}
),

goals as (
    {% for goal in goals %}
    select '{{ goal }}' as goal
    {% if not loop.last %}
    union all
    {% endif %}
    {% endfor %}
),

-- Paid channels have a row in every month, whatever they brought.
frame as (

    select
        months.month_date,
        months.is_complete,
        goals.goal,
        channels.channel_code,
        channels.is_paid
    from months
    cross join channels
    cross join goals

),

credited as (
    {% for model in models %}
    select
        month_date,
        goal,
        '{{ model }}' as attribution_model,
        channel_code,
        {{ model }}_credit as credited
    from summed
    where {{ model }}_credit is not null
    {% if not loop.last %}
    union all
    {% endif %}
    {% endfor %}
),

-- A model that was not fitted has no rows at all.
fitted as (

    select
        goal,
        attribution_model
    from credited
    group by goal, attribution_model

)

select
    frame.month_date,
    frame.goal,
    fitted.attribution_model,
    frame.channel_code,
    frame.is_paid,
    cast(coalesce(credited.credited, 0) as decimal(24, 6)) as credited,
    cast(coalesce(spend.cost_amount, 0) as decimal(18, 2)) as cost_amount,
    cast(coalesce(spend.acquisition_cost_amount, 0) as decimal(18, 2)) as acquisition_cost_amount,
    frame.is_complete as is_mature
from frame
inner join fitted
    on frame.goal = fitted.goal
left join credited
    on
        frame.month_date = credited.month_date
        and frame.goal = credited.goal
        and fitted.attribution_model = credited.attribution_model
        and frame.channel_code = credited.channel_code
left join spend
    on
        frame.month_date = spend.month_date
        and frame.channel_code = spend.channel_code
where
    frame.is_paid
    or coalesce(credited.credited, 0) <> 0
    or coalesce(spend.cost_amount, 0) <> 0
