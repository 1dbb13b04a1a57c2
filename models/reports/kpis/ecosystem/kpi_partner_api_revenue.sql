-- Grain: one row per year and cut. Fees of the partners' calls.
with months as (

    select
        {{ period_start('year', 'month_date') }} as year_date,
        partner_id,
        fee_amount,
        call_count
    from {{ ref('agg_partner_month') }}
    where call_count > 0 or fee_amount > 0

),

summed as (

    select
        year_date,
        case when grouping(partner_id) = 0 then 'partner' else 'all' end as cut_name,
        coalesce(partner_id, 'all') as cut_value,
        sum(fee_amount) as fee_amount,
        sum(call_count) as calls
    from months
    group by grouping sets ((year_date), (year_date, partner_id))  -- noqa: PRS

)

select
    'year' as period_grain,
    year_date as period_start_date,
    cut_name,
    cut_value,
    cast(fee_amount as decimal(24, 6)) as kpi_value,
    fee_amount as numerator,
    cast(null as bigint) as denominator,
    calls as sample_size,
    {{ add_months('year_date', 12) }} <= {{ add_days(as_of_date(), 1) }} as is_mature
from summed
