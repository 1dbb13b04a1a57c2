-- Grain: one row per period of the claim and cut. Coupons redeemed over coupons claimed.
with coupons as (

    select
        claimed_date,
        coalesce(offline_event_id, 'none') as offline_event_id,
        coalesce(city_code, 'unknown_city') as city_code,
        case when is_redeemed then 1 else 0 end as is_redeemed
    from {{ ref('fct_coupon') }}

),

summed as (

    select
        prd.period_grain,
        prd.period_start_date,
        prd.is_complete as is_mature,
        case
            when grouping(coupons.offline_event_id) = 0 then 'event'
            when grouping(coupons.city_code) = 0 then 'city'
            else 'all'
        end as cut_name,
        coalesce(coupons.offline_event_id, coupons.city_code, 'all') as cut_value,
        sum(coupons.is_redeemed) as numerator,
        count(*) as denominator
    from coupons
    inner join {{ ref('dim_period') }} as prd
        on coupons.claimed_date = prd.date_day
    where prd.period_grain <> 'day'
    group by grouping sets (  -- noqa: PRS
        (prd.period_grain, prd.period_start_date, prd.is_complete),
        (prd.period_grain, prd.period_start_date, prd.is_complete, coupons.offline_event_id),
        (prd.period_grain, prd.period_start_date, prd.is_complete, coupons.city_code)
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
