-- Grain: one row per month and band. Active users whose app events of the month fall into the band
-- (seed operation_bands), over active users. A share has no total.
with active as (

    select
        user_key,
        month_date,
        event_count
    from {{ ref('agg_user_month') }}
    where is_app_active

),

bands as (

    select *
    from {{ ref('operation_bands') }}

),

summed as (

    select
        active.month_date,
        bands.band_code,
        sum(
            case
                when
                    active.event_count >= bands.from_operations
                    and (
                        bands.to_operations is null
                        or active.event_count < bands.to_operations
                    )
                    then 1
                else 0
            end
        ) as numerator,
        count(*) as denominator
    from active
    cross join bands
    group by active.month_date, bands.band_code

)

select
    'month' as period_grain,
    month_date as period_start_date,
    'band' as cut_name,
    band_code as cut_value,
    {{ ratio('numerator', 'denominator') }} as kpi_value,
    numerator,
    denominator,
    denominator as sample_size,
    {{ add_months('month_date', 1) }} <= {{ add_days(as_of_date(), 1) }} as is_mature
from summed
