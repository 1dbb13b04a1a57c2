-- Grain: one row per period and cut. Acquisition spend over users acquired by a paid channel.
-- The headline counts registrations; the cut `basis` = first_order counts first orders instead.
-- Campaigns, regions and city tiers stand by month, quarter and year.
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

-- `no_campaign` holds the users whom a channel declares: it has no spend and so no row.
parts as (

    select
        campaigns.month_date,
        'campaign' as cut_name,
        campaigns.campaign_id as cut_value,
        campaigns.acquisition_cost_amount,
        campaigns.acquired_users
    from {{ ref('agg_campaign_month') }} as campaigns
    inner join {{ ref('channels') }} as chn
        on campaigns.channel_code = chn.channel_code
    where chn.is_paid
    union all
    select
        places.month_date,
        places.place_kind as cut_name,
        places.place_value as cut_value,
        places.acquisition_cost_amount,
        places.acquired_users
    from {{ ref('agg_acquisition_place_month') }} as places
    inner join {{ ref('channels') }} as chn
        on places.channel_code = chn.channel_code
    where chn.is_paid

),

part_sums as (

    select
        prd.period_grain,
        prd.period_start_date,
        prd.is_complete,
        parts.cut_name,
        parts.cut_value,
        sum(parts.acquisition_cost_amount) as spend,
        sum(parts.acquired_users) as acquired_users
    from parts
    inner join {{ ref('dim_period') }} as prd
        on parts.month_date = prd.date_day
    where prd.period_grain in ('month', 'quarter', 'year')
    group by
        prd.period_grain, prd.period_start_date, prd.is_complete, parts.cut_name, parts.cut_value

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
    union all
    select
        period_grain,
        period_start_date,
        cut_name,
        cut_value,
        spend as numerator,
        acquired_users as denominator,
        is_complete as is_mature
    from part_sums
    where spend > 0

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
