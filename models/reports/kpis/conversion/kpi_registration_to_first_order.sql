-- Grain: one row per period of registration and cut. Users with a first order within 30 days of
-- registration over users registered; mature once 30 days have passed for all of them.
with users as (

    select
        usr.registration_date,
        coalesce(chn.channel_group || '/' || chn.channel_code, 'unmapped') as channel_path,
        coalesce(usr.age_band, 'unknown') as age_band,
        coalesce(usr.region_code, 'unknown_region') as region_code,
        case
            when usr.first_order_date <= {{ add_days('usr.registration_date', 30) }} then 1
            else 0
        end as has_ordered
    from {{ ref('dim_user') }} as usr
    left join {{ ref('channels') }} as chn
        on usr.acquisition_channel_code = chn.channel_code
    where usr.registration_date is not null

),

-- Orders before the first delivered one are not known: such registrations say nothing.
observed as (

    select min(order_date) as first_date
    from {{ ref('fct_order') }}

),

summed as (

    select
        prd.period_grain,
        prd.period_start_date,
        {{ add_days('prd.period_end_date', 30) }} <= {{ as_of_date() }} as is_mature,
        case
            when grouping(users.channel_path) = 0 then 'channel'
            when grouping(users.age_band) = 0 then 'age_band'
            when grouping(users.region_code) = 0 then 'region'
            else 'all'
        end as cut_name,
        coalesce(users.channel_path, users.age_band, users.region_code, 'all') as cut_value,
        sum(users.has_ordered) as numerator,
        count(*) as denominator
    from users
    inner join observed
        on users.registration_date >= observed.first_date
    inner join {{ ref('dim_period') }} as prd
        on users.registration_date = prd.date_day
    where prd.period_grain <> 'day'
    group by grouping sets (  -- noqa: PRS
        (prd.period_grain, prd.period_start_date, prd.period_end_date),
        (prd.period_grain, prd.period_start_date, prd.period_end_date, users.channel_path),
        (prd.period_grain, prd.period_start_date, prd.period_end_date, users.age_band),
        (prd.period_grain, prd.period_start_date, prd.period_end_date, users.region_code)
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
