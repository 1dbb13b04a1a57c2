-- Grain: one row per period and channel or channel group. Its spend over all spend.
with days as (

    select
        agg.activity_date,
        agg.cost_amount,
        chn.channel_group,
        chn.channel_group || '/' || chn.channel_code as channel_path
    from {{ ref('agg_channel_day') }} as agg
    inner join {{ ref('channels') }} as chn
        on agg.channel_code = chn.channel_code
    where agg.cost_amount > 0

),

summed as (

    select
        prd.period_grain,
        prd.period_start_date,
        prd.is_complete as is_mature,
        case
            when grouping(days.channel_path) = 0 then 'channel'
            else 'channel_group'
        end as cut_name,
        coalesce(days.channel_path, days.channel_group) as cut_value,
        sum(days.cost_amount) as spend
    from days
    inner join {{ ref('dim_period') }} as prd
        on days.activity_date = prd.date_day
    where prd.period_grain <> 'day'
    group by grouping sets (  -- noqa: PRS
        (prd.period_grain, prd.period_start_date, prd.is_complete, days.channel_group),
        (
            prd.period_grain, prd.period_start_date, prd.is_complete,
            days.channel_group, days.channel_path
        )
    )

),

totals as (

    select
        period_grain,
        period_start_date,
        sum(spend) as spend
    from summed
    where cut_name = 'channel_group'
    group by period_grain, period_start_date

)

select
    summed.period_grain,
    summed.period_start_date,
    summed.cut_name,
    summed.cut_value,
    {{ ratio('summed.spend', 'totals.spend') }} as kpi_value,
    summed.spend as numerator,
    totals.spend as denominator,
    totals.spend as sample_size,
    summed.is_mature
from summed
inner join totals
    on
        summed.period_grain = totals.period_grain
        and summed.period_start_date = totals.period_start_date
