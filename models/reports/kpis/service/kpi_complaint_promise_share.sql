-- Grain: one row per period of opening. Complaints about promise against reality over complaints.
with complaints as (

    select
        opened_date,
        case when topic_code = 'promise_mismatch' then 1 else 0 end as is_promise
    from {{ ref('fct_ticket') }}
    where ticket_kind = 'complaint'

),

summed as (

    select
        prd.period_grain,
        prd.period_start_date,
        prd.is_complete as is_mature,
        sum(complaints.is_promise) as numerator,
        count(*) as denominator
    from complaints
    inner join {{ ref('dim_period') }} as prd
        on complaints.opened_date = prd.date_day
    where prd.period_grain in ('month', 'quarter', 'year')
    group by prd.period_grain, prd.period_start_date, prd.is_complete

)

select
    period_grain,
    period_start_date,
    'all' as cut_name,
    'all' as cut_value,
    {{ ratio('numerator', 'denominator') }} as kpi_value,
    numerator,
    denominator,
    denominator as sample_size,
    is_mature
from summed
