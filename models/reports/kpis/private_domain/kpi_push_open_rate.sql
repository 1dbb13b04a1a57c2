-- Grain: one row per period of sending and cut. Marketing messages opened over those delivered.
with messages as (

    select
        touch_date,
        message_channel,
        coalesce(campaign_id, 'none') as campaign_id,
        case when is_opened then 1 else 0 end as is_opened
    from {{ ref('fct_touch') }}
    where is_marketing_message and is_delivered

),

summed as (

    select
        prd.period_grain,
        prd.period_start_date,
        prd.is_complete as is_mature,
        case
            when grouping(messages.message_channel) = 0 then 'message_channel'
            when grouping(messages.campaign_id) = 0 then 'campaign'
            else 'all'
        end as cut_name,
        coalesce(messages.message_channel, messages.campaign_id, 'all') as cut_value,
        sum(messages.is_opened) as numerator,
        count(*) as denominator
    from messages
    inner join {{ ref('dim_period') }} as prd
        on messages.touch_date = prd.date_day
    group by grouping sets (  -- noqa: PRS
        (prd.period_grain, prd.period_start_date, prd.is_complete),
        (prd.period_grain, prd.period_start_date, prd.is_complete, messages.message_channel),
        (prd.period_grain, prd.period_start_date, prd.is_complete, messages.campaign_id)
    )

)

select
    period_grain,
    period_start_date,
    cut_name,
    cut_value,
    {{ ratio('numerator', 'denominator') }} as kpi_value,
    numerator,
    denominator,
    denominator as sample_size,
    is_mature
from summed
