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
from summed
where denominator > 0
