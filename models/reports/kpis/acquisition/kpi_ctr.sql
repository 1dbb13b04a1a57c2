-- Grain: one row per period and cut. Clicks over impressions, as the platforms report them.
-- Campaigns and creatives stand by month, quarter and year.
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

),

parts as (

    select
        month_date,
        'campaign' as cut_name,
        campaign_id as cut_value,
        impressions,
        clicks
    from {{ ref('agg_campaign_month') }}
    union all
    select
        {{ period_start('month', 'spend_date') }} as month_date,
        'creative' as cut_name,
        creative_id as cut_value,
        impressions,
        clicks
    from {{ ref('fct_spend') }}
    where creative_id is not null

),

combined as (

    select *
    from summed
    union all
    select
        prd.period_grain,
        prd.period_start_date,
        prd.is_complete as is_mature,
        parts.cut_name,
        parts.cut_value,
        sum(parts.clicks) as numerator,
        sum(parts.impressions) as denominator
    from parts
    inner join {{ ref('dim_period') }} as prd
        on parts.month_date = prd.date_day
    where prd.period_grain in ('month', 'quarter', 'year') and parts.impressions > 0
    group by
        prd.period_grain, prd.period_start_date, prd.is_complete, parts.cut_name, parts.cut_value

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
from combined
