-- Grain: one row per period of registration and cut. Realised margin to date per user of the cohort
-- acquired by paid channels, over the CAC of the same period and channel.
-- Mature once every user of the period has had 12 months to earn it back.
with users as (

    select
        usr.registration_date,
        usr.margin_amount,
        chn.channel_group || '/' || chn.channel_code as channel_path
    from {{ ref('dim_user') }} as usr
    inner join {{ ref('channels') }} as chn
        on usr.acquisition_channel_code = chn.channel_code
    where usr.registration_date is not null and chn.is_paid

),

summed as (

    select
        prd.period_grain,
        prd.period_start_date,
        prd.period_end_date,
        case when grouping(users.channel_path) = 0 then 'channel' else 'all' end as cut_name,
        coalesce(users.channel_path, 'all') as cut_value,
        sum(users.margin_amount) as margin,
        count(*) as users
    from users
    inner join {{ ref('dim_period') }} as prd
        on
            users.registration_date = prd.date_day
            and prd.period_grain in ('month', 'quarter', 'year')
    group by grouping sets (  -- noqa: PRS
        (prd.period_grain, prd.period_start_date, prd.period_end_date),
        (prd.period_grain, prd.period_start_date, prd.period_end_date, users.channel_path)
    )

)

select
    summed.period_grain,
    summed.period_start_date,
    summed.cut_name,
    summed.cut_value,
    {{ ratio('summed.margin', 'cac.numerator') }} as kpi_value,
    summed.margin as numerator,
    cac.numerator as denominator,
    summed.users as sample_size,
    {{ add_months('summed.period_end_date', 12) }} <= {{ as_of_date() }} as is_mature
from summed
inner join {{ ref('kpi_cac') }} as cac
    on
        summed.period_grain = cac.period_grain
        and summed.period_start_date = cac.period_start_date
        and summed.cut_name = cac.cut_name
        and summed.cut_value = cac.cut_value
where cac.denominator > 0
