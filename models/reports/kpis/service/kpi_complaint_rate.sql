-- Grain: one row per month, quarter or year and cut. Complaints per 1000 active users (MAU summed
-- over the months of the period), by topic, and its change on the same period a year before.
with tickets as (

    select
        opened_date,
        coalesce(topic_code, 'unknown') as topic_code
    from {{ ref('fct_ticket') }}
    where ticket_kind = 'complaint'

),

complaints as (

    select
        prd.period_grain,
        prd.period_start_date,
        case when grouping(tickets.topic_code) = 0 then 'topic' else 'all' end as cut_name,
        coalesce(tickets.topic_code, 'all') as cut_value,
        count(*) as complaints
    from tickets
    inner join {{ ref('dim_period') }} as prd
        on
            tickets.opened_date = prd.date_day
            and prd.period_grain in ('month', 'quarter', 'year')
    group by grouping sets (  -- noqa: PRS
        (prd.period_grain, prd.period_start_date),
        (prd.period_grain, prd.period_start_date, tickets.topic_code)
    )

),

active as (

    select
        prd.period_grain,
        prd.period_start_date,
        prd.is_complete,
        sum(mau.numerator) as user_months
    from {{ ref('kpi_mau') }} as mau
    inner join {{ ref('dim_period') }} as prd
        on
            mau.period_start_date = prd.date_day
            and prd.period_grain in ('month', 'quarter', 'year')
    where mau.cut_name = 'all'
    group by prd.period_grain, prd.period_start_date, prd.is_complete

),

rates as (

    select
        active.period_grain,
        active.period_start_date,
        active.is_complete,
        coalesce(complaints.cut_name, 'all') as cut_name,
        coalesce(complaints.cut_value, 'all') as cut_value,
        coalesce(complaints.complaints, 0) * 1000 as numerator,
        active.user_months as denominator,
        {{ ratio('coalesce(complaints.complaints, 0) * 1000', 'active.user_months') }} as kpi_value
    from active
    left join complaints
        on
            active.period_grain = complaints.period_grain
            and active.period_start_date = complaints.period_start_date

)

select
    period_grain,
    period_start_date,
    cut_name,
    cut_value,
    kpi_value,
    numerator,
    denominator,
    denominator as sample_size,
    is_complete as is_mature
from rates
union all
select
    rates.period_grain,
    rates.period_start_date,
    'measure' as cut_name,
    'yoy_change' as cut_value,
    {{ ratio('rates.kpi_value - before.kpi_value', 'before.kpi_value') }} as kpi_value,
    rates.kpi_value - before.kpi_value as numerator,
    before.kpi_value as denominator,
    rates.denominator as sample_size,
    rates.is_complete as is_mature
from rates
inner join rates as before
    on
        rates.period_grain = before.period_grain
        and before.period_start_date = {{ add_months('rates.period_start_date', -12) }}
        and before.cut_name = 'all'
where rates.cut_name = 'all'
