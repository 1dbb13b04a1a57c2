-- Campaigns that lie in the months on record, and whose budget is not the sum of its months.
with months as (

    select
        min(period_start_date) as first_date,
        max(period_end_date) as last_date
    from {{ ref('dim_period') }}
    where period_grain = 'month'

),

budgets as (

    select
        campaign_id,
        sum(budget_amount) as budget_amount
    from {{ ref('agg_campaign_budget_month') }}
    group by campaign_id

)

select
    campaigns.campaign_id,
    campaigns.budget_amount,
    budgets.budget_amount as spread_amount
from {{ ref('stg_channel__campaigns') }} as campaigns
cross join months
left join budgets
    on campaigns.campaign_id = budgets.campaign_id
where
    {{ business_day('campaigns.launched_at') }} >= months.first_date
    and {{ business_day('campaigns.ended_at') }} <= months.last_date
    and campaigns.ended_at >= campaigns.launched_at
    and campaigns.budget_amount <> coalesce(budgets.budget_amount, 0)
