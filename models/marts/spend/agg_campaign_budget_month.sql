-- Grain: one row per calendar month and campaign that runs in it and has a budget and an end: its
-- budget spread evenly over its days. Months of a campaign add up to its budget to the cent.
with campaigns as (

    select
        cam.campaign_id,
        mapped.channel_code,
        cam.budget_amount,
        {{ business_day('cam.launched_at') }} as first_date,
        {{ business_day('cam.ended_at') }} as last_date
    from {{ ref('stg_channel__campaigns') }} as cam
    inner join {{ ref('int_campaigns_mapped') }} as mapped
        on cam.campaign_id = mapped.campaign_id
    where
        cam.budget_amount > 0
        and cam.launched_at is not null
        and cam.ended_at >= cam.launched_at

),

months as (

    select
        period_start_date,
        period_end_date,
        least(period_end_date, {{ as_of_date() }}) as counted_to_date
    from {{ ref('dim_period') }}
    where period_grain = 'month' and date_day = period_start_date

),

running as (

    select
        campaigns.campaign_id,
        campaigns.channel_code,
        campaigns.budget_amount,
        months.period_start_date as month_date,
        {{ days_between('campaigns.first_date', 'campaigns.last_date') }} + 1 as all_days,
        greatest({{ days_between('campaigns.first_date', 'months.period_start_date') }}, 0)
            as days_before,
        {{ days_between(
            'campaigns.first_date', 'least(months.period_end_date, campaigns.last_date)'
        ) }} + 1 as days_to_end,
        greatest({{ days_between(
            'campaigns.first_date', 'least(months.counted_to_date, campaigns.last_date)'
        ) }} + 1, 0) as days_to_date
    from campaigns
    inner join months
        on
            campaigns.first_date <= months.period_end_date
            and campaigns.last_date >= months.period_start_date

),

-- Of the budget up to a day the budget up to the day before the month: the parts add up.
spread as (

    select
        month_date,
        campaign_id,
        channel_code,
        {{ ratio('budget_amount * cast(days_before as decimal(6, 0))', 'all_days') }}
            as budget_before,
        {{ ratio('budget_amount * cast(days_to_end as decimal(6, 0))', 'all_days') }}
            as budget_to_end,
        {{ ratio('budget_amount * cast(days_to_date as decimal(6, 0))', 'all_days') }}
            as budget_to_date
    from running

),

rounded as (

    select
        month_date,
        campaign_id,
        channel_code,
        cast(budget_before as decimal(18, 2)) as budget_before,
        cast(budget_to_end as decimal(18, 2)) as budget_to_end,
        cast(budget_to_date as decimal(18, 2)) as budget_to_date
    from spread

)

select
    month_date,
    campaign_id,
    channel_code,
    cast(budget_to_end - budget_before as decimal(18, 2)) as budget_amount,
    cast(budget_to_date - budget_before as decimal(18, 2)) as expected_amount
from rounded
