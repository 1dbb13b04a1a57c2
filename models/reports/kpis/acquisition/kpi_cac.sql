-- Grain: one row per period and cut. Acquisition spend over users acquired by a paid channel.
-- The headline counts registrations; the cut `basis` = first_order counts first orders instead.
with days as (

    select
        agg.*,
        chn.channel_group,
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
        prd.is_complete,
        case
            when grouping(days.channel_path) = 0 then 'channel'
            when grouping(days.channel_group) = 0 then 'channel_group'
            else 'all'
        end as cut_name,
        coalesce(days.channel_path, days.channel_group, 'all') as cut_value,
        sum(days.acquisition_cost_amount) as spend,
        sum(days.acquired_users) as acquired_users,
        sum(days.first_order_users) as first_order_users
    from days
    inner join {{ ref('dim_period') }} as prd
        on days.activity_date = prd.date_day
    group by grouping sets (  -- noqa: PRS
        (prd.period_grain, prd.period_start_date, prd.is_complete),
        (prd.period_grain, prd.period_start_date, prd.is_complete, days.channel_group),
        (
            prd.period_grain, prd.period_start_date, prd.is_complete,
            days.channel_group, days.channel_path
        )
    )

),

bases as (

    select
        period_grain,
        period_start_date,
        cut_name,
        cut_value,
        spend as numerator,
        acquired_users as denominator,
        is_complete as is_mature
    from summed
    where spend > 0
    union all
    select
        period_grain,
        period_start_date,
        'basis' as cut_name,
        'first_order' as cut_value,
        spend as numerator,
        first_order_users as denominator,
        is_complete as is_mature
    from summed
    where spend > 0 and cut_name = 'all'

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
from bases
