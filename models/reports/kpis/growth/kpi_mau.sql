-- Grain: one row per month and cut. Distinct unified users with an app event in the month.
with active as (

    select
        mon.month_date,
        mon.user_key,
        coalesce(chn.channel_group || '/' || chn.channel_code, 'not_registered') as channel_path,
        coalesce(mon.tier_code, 'none') as tier_code,
        coalesce(usr.region_code, 'unknown_region') as region_code
    from {{ ref('agg_user_month') }} as mon
    inner join {{ ref('dim_user') }} as usr
        on mon.user_key = usr.user_key
    left join {{ ref('channels') }} as chn
        on usr.acquisition_channel_code = chn.channel_code
    where mon.is_app_active

),

summed as (

    select
        month_date,
        case
            when grouping(channel_path) = 0 then 'channel'
            when grouping(tier_code) = 0 then 'tier'
            when grouping(region_code) = 0 then 'region'
            else 'all'
        end as cut_name,
        coalesce(channel_path, tier_code, region_code, 'all') as cut_value,
        count(*) as users
    from active
    group by grouping sets (  -- noqa: PRS
        (month_date),
        (month_date, channel_path),
        (month_date, tier_code),
        (month_date, region_code)
    )

)

select
    'month' as period_grain,
    month_date as period_start_date,
    cut_name,
    cut_value,
    cast(users as decimal(24, 6)) as kpi_value,
    users as numerator,
    cast(null as bigint) as denominator,
    users as sample_size,
    {{ add_months('month_date', 1) }} <= {{ add_days(as_of_date(), 1) }} as is_mature
from summed
