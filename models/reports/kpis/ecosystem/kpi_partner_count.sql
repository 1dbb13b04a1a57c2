-- Grain: one row per month and cut. Partners with calls or referred registrations in the month.
with partners as (

    select
        month_date,
        is_complete,
        partner_id,
        scenario_code
    from {{ ref('agg_partner_month') }}
    where call_count > 0 or referred_registration_count > 0

),

counted as (

    select
        month_date,
        is_complete,
        'all' as cut_name,
        'all' as cut_value,
        count(distinct partner_id) as partners
    from partners
    group by month_date, is_complete
    union all
    select
        month_date,
        is_complete,
        'scenario' as cut_name,
        scenario_code as cut_value,
        count(distinct partner_id) as partners
    from partners
    group by month_date, is_complete, scenario_code

)

select
    'month' as period_grain,
    month_date as period_start_date,
    cut_name,
    cut_value,
    cast(partners as decimal(24, 6)) as kpi_value,
    partners as numerator,
    cast(null as bigint) as denominator,
    partners as sample_size,
    is_complete as is_mature
from counted
