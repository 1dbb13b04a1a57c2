-- Grain: one row per period and cut. Margin of orders attributed to paid channels less their spend,
-- over the spend (last touch).
with days as (

    select
        agg.activity_date,
        agg.cost_amount,
        agg.attributed_margin_amount,
        agg.order_count,
        chn.channel_group || '/' || chn.channel_code as channel_path
    from {{ ref('agg_channel_day') }} as agg
    inner join {{ ref('channels') }} as chn
        on agg.channel_code = chn.channel_code
    where chn.is_paid

),

campaigns as (

    select
        prd.period_grain,
        prd.period_start_date,
        prd.is_complete as is_mature,
        'campaign' as cut_name,
        agg.campaign_id as cut_value,
        sum(agg.attributed_margin_amount) - sum(agg.cost_amount) as numerator,
        sum(agg.cost_amount) as denominator,
        sum(agg.order_count) as sample_size
    from {{ ref('agg_campaign_month') }} as agg
    inner join {{ ref('channels') }} as chn
        on agg.channel_code = chn.channel_code
    inner join {{ ref('dim_period') }} as prd
        on agg.month_date = prd.date_day
    where chn.is_paid and prd.period_grain in ('month', 'quarter', 'year')
    group by prd.period_grain, prd.period_start_date, prd.is_complete, agg.campaign_id

),

summed as (

    select
        prd.period_grain,
        prd.period_start_date,
        prd.is_complete as is_mature,
        case when grouping(days.channel_path) = 0 then 'channel' else 'all' end as cut_name,
        coalesce(days.channel_path, 'all') as cut_value,
        sum(days.attributed_margin_amount) - sum(days.cost_amount) as numerator,
        sum(days.cost_amount) as denominator,
        sum(days.order_count) as sample_size
    from days
    inner join {{ ref('dim_period') }} as prd
        on
            days.activity_date = prd.date_day
            and prd.period_grain in ('month', 'quarter', 'year')
    group by grouping sets (  -- noqa: PRS
        (prd.period_grain, prd.period_start_date, prd.is_complete),
        (prd.period_grain, prd.period_start_date, prd.is_complete, days.channel_path)
    )

),

combined as (

    select *
    from summed
    union all
    select *
    from campaigns

)

select
    period_grain,
    period_start_date,
    cut_name,
    cut_value,
    {{ ratio('numerator', 'denominator') }} as kpi_value,
    numerator,
    denominator,
    sample_size,
    is_mature
from combined
where denominator > 0
