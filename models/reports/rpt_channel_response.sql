-- Grain: one row per channel and spend level of its fitted response curve: expected users a month,
-- what one more costs there, and whether the latest complete month's spend lies in the step.
with steps as (

    select *
    from {{ ref('int_response_steps_priced') }}

),

ranked as (

    select
        *,
        row_number() over (partition by channel_code order by month_date desc) as recency
    from {{ ref('int_channel_months_acquired') }}
    where is_complete

),

months as (

    select *
    from ranked
    where recency = 1

),

channels as (

    select *
    from {{ ref('channels') }}

)

select
    steps.channel_code,
    channels.channel_name_en,
    channels.channel_name_zh,
    cast(steps.step as bigint) as step,
    steps.spend_from_amount,
    steps.spend_to_amount,
    steps.users_to as expected_users,
    steps.marginal_cost_amount,
    steps.marginal_cost_low_amount,
    steps.marginal_cost_high_amount,
    months.month_date as latest_month_date,
    months.spend_amount as latest_spend_amount,
    coalesce(
        months.spend_amount > steps.spend_from_amount
        and months.spend_amount <= steps.spend_to_amount,
        false
    ) as is_latest_step
from steps
inner join channels
    on steps.channel_code = channels.channel_code
left join months
    on steps.channel_code = months.channel_code
