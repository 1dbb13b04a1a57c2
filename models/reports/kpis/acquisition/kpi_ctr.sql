-- Grain: one row per period and cut. Clicks over impressions, as the platforms report them.
with days as (

    select
        agg.activity_date,
        agg.impressions,
        agg.clicks,
        chn.channel_group || '/' || chn.channel_code as channel_path
    from {{ ref('agg_channel_day') }} as agg
    inner join {{ ref('channels') }} as chn
        on agg.channel_code = chn.channel_code
    where agg.impressions > 0

),

summed as (

    select
        prd.period_grain,
        prd.period_start_date,
        prd.is_complete as is_mature,
        case when grouping(days.channel_path) = 0 then 'channel' else 'all' end as cut_name,
        coalesce(days.channel_path, 'all') as cut_value,
        sum(days.clicks) as numerator,
        sum(days.impressions) as denominator
    from days
    inner join {{ ref('dim_period') }} as prd
        on days.activity_date = prd.date_day
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
    denominator as sample_size,
    is_mature
from summed
