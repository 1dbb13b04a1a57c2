-- Grain: one row per period of opening and cut. Mean days from opening to resolution of resolved
-- complaints, by topic; the cut `measure` shows the 90th percentile and the complaints still open.
with complaints as (

    select
        prd.period_grain,
        prd.period_start_date,
        prd.is_complete,
        coalesce(tic.topic_code, 'unknown') as topic_code,
        tic.is_resolved,
        tic.resolution_seconds
    from {{ ref('fct_ticket') }} as tic
    inner join {{ ref('dim_period') }} as prd
        on
            tic.opened_date = prd.date_day
            and prd.period_grain in ('month', 'quarter', 'year')
    where tic.ticket_kind = 'complaint'

),

summed as (

    select
        period_grain,
        period_start_date,
        is_complete,
        case when grouping(topic_code) = 0 then 'topic' else 'all' end as cut_name,
        coalesce(topic_code, 'all') as cut_value,
        coalesce(sum(resolution_seconds), 0) as resolution_seconds,
        {{ quantile('resolution_seconds', 0.9) }} as resolution_seconds_p90,
        sum(case when is_resolved then 1 else 0 end) as resolved,
        count(*) as complaints
    from complaints
    group by grouping sets (  -- noqa: PRS
        (period_grain, period_start_date, is_complete),
        (period_grain, period_start_date, is_complete, topic_code)
    )

)

select
    period_grain,
    period_start_date,
    cut_name,
    cut_value,
    {{ ratio('resolution_seconds', 'resolved * 86400') }} as kpi_value,
    {{ ratio('resolution_seconds', '86400') }} as numerator,
    resolved as denominator,
    complaints as sample_size,
    is_complete as is_mature
from summed
union all
select
    period_grain,
    period_start_date,
    'measure' as cut_name,
    'p90' as cut_value,
    {{ ratio('resolution_seconds_p90', '86400') }} as kpi_value,
    cast(null as decimal(24, 6)) as numerator,
    resolved as denominator,
    complaints as sample_size,
    is_complete as is_mature
from summed
where cut_name = 'all'
union all
select
    period_grain,
    period_start_date,
    'measure' as cut_name,
    'still_open' as cut_value,
    cast(complaints - resolved as decimal(24, 6)) as kpi_value,
    complaints - resolved as numerator,
    complaints as denominator,
    complaints as sample_size,
    is_complete as is_mature
from summed
where cut_name = 'all'
