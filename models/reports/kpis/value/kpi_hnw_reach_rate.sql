-- Grain: one row per month and cut. Of the users with a high net worth at the month's end, those
-- who were shown or sent a wealth product in it.
with holders as (

    select *
    from {{ ref('fct_user_tier') }}
    where is_high_net_worth

),

regions as (

    select
        user_key,
        coalesce(region_code, 'unknown_region') as region_code
    from {{ ref('dim_user') }}

),

offers as (

    select *
    from {{ ref('int_wealth_offers_made') }}

),

summed as (

    select
        holders.month_date,
        holders.is_complete,
        case when grouping(regions.region_code) = 0 then 'region' else 'all' end as cut_name,
        coalesce(regions.region_code, 'all') as cut_value,
        count(offers.user_key) as numerator,
        count(*) as denominator
    from holders
    inner join regions
        on holders.user_key = regions.user_key
    left join offers
        on
            holders.user_key = offers.user_key
            and holders.month_date = offers.month_date
    group by grouping sets (  -- noqa: PRS
        (holders.month_date, holders.is_complete),
        (holders.month_date, holders.is_complete, regions.region_code)
    )

)

select
    'month' as period_grain,
    month_date as period_start_date,
    cut_name,
    cut_value,
    {{ ratio('numerator', 'denominator') }} as kpi_value,
    numerator,
    denominator,
    denominator as sample_size,
    is_complete as is_mature
from summed
