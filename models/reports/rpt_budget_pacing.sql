-- Grain: one row per month and cut (all, channel group, channel) with spend, a budget or a share in
-- the plan: the share of spend against the plan's of that year, or of the last year planned before
-- it, and spend against what the budgets of running campaigns expect by the day.
{% set cuts = {
    'all': "'all'",
    'channel_group': 'chn.channel_group',
    'channel': "chn.channel_group || '/' || chn.channel_code",
} %}

with days as (

    select *
    from {{ ref('agg_channel_day') }}

),

budgets as (

    select *
    from {{ ref('agg_campaign_budget_month') }}

),

months as (

    select
        period_start_date as month_date,
        is_complete
    from {{ ref('dim_period') }}
    where period_grain = 'month' and date_day = period_start_date

),

spent as (
    {% for cut_name, cut_value in cuts.items() %}
    select
        {{ period_start('month', 'days.activity_date') }} as month_date,
        '{{ cut_name }}' as cut_name,
        {{ cut_value }} as cut_value,
        days.cost_amount
    from days
    inner join {{ ref('channels') }} as chn
        on days.channel_code = chn.channel_code
    where days.cost_amount > 0
    {% if not loop.last %}
    union all
    {% endif %}
    {% endfor %}
),

budgeted as (
    {% for cut_name, cut_value in cuts.items() %}
    select
        budgets.month_date,
        '{{ cut_name }}' as cut_name,
        {{ cut_value }} as cut_value,
        budgets.budget_amount,
        budgets.expected_amount
    from budgets
    inner join {{ ref('channels') }} as chn
        on budgets.channel_code = chn.channel_code
    {% if not loop.last %}
    union all
    {% endif %}
    {% endfor %}
),

targets as (

    select
        cut as cut_value,
        case when cut like '%/%' then 'channel' else 'channel_group' end as cut_name,
        cast(substr(target_period, 1, 4) as integer) as target_year,
        target_period,
        target_value
    from {{ ref('kpi_targets') }}
    where kpi_id = 'channel_budget_share' and kind = 'target'

),

planned as (

    select
        months.month_date,
        targets.cut_name,
        targets.cut_value,
        targets.target_value,
        row_number() over (
            partition by months.month_date, targets.cut_name, targets.cut_value
            order by targets.target_period desc, targets.target_value desc
        ) as target_rank
    from months
    inner join targets
        on year(months.month_date) >= targets.target_year

),

combined as (

    select
        month_date,
        cut_name,
        cut_value,
        cost_amount,
        0 as budget_amount,
        0 as expected_amount,
        cast(null as decimal(24, 6)) as plan_ratio
    from spent
    union all
    select
        month_date,
        cut_name,
        cut_value,
        0 as cost_amount,
        budget_amount,
        expected_amount,
        cast(null as decimal(24, 6)) as plan_ratio
    from budgeted
    union all
    select
        month_date,
        cut_name,
        cut_value,
        0 as cost_amount,
        0 as budget_amount,
        0 as expected_amount,
        target_value as plan_ratio
    from planned
    where target_rank = 1

),

summed as (

    select
        month_date,
        cut_name,
        cut_value,
        cast(sum(cost_amount) as decimal(18, 2)) as spent_amount,
        cast(sum(budget_amount) as decimal(18, 2)) as budget_amount,
        cast(sum(expected_amount) as decimal(18, 2)) as expected_amount,
        max(plan_ratio) as plan_ratio
    from combined
    group by month_date, cut_name, cut_value

),

totals as (

    select
        month_date,
        spent_amount
    from summed
    where cut_name = 'all'

),

shares as (

    select
        summed.*,
        months.is_complete,
        {{ ratio('summed.spent_amount', 'totals.spent_amount') }} as share_ratio
    from summed
    inner join months
        on summed.month_date = months.month_date
    inner join totals
        on summed.month_date = totals.month_date

)

select
    month_date,
    cut_name,
    cut_value,
    is_complete,
    spent_amount,
    share_ratio,
    cast(plan_ratio as decimal(24, 6)) as plan_ratio,
    cast((share_ratio - plan_ratio) * 100 as decimal(24, 6)) as drift_points,
    budget_amount,
    expected_amount,
    cast(spent_amount - expected_amount as decimal(18, 2)) as ahead_amount,
    {{ ratio('spent_amount', 'expected_amount') }} as pacing_ratio
from shares
