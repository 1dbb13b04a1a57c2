-- Grain: one row per month with app events. Events whose name a tag or KPI reads, over all events.
-- What counts any event alike (active users) is no use of its name.
with event_months as (

    select *
    from {{ ref('agg_event_month') }}

),

summed as (

    select
        month_date,
        sum(event_count) as events,
        sum(case when use_count > 0 then event_count else 0 end) as used_events
    from event_months
    group by month_date

)

select
    'month' as period_grain,
    month_date as period_start_date,
    'all' as cut_name,
    'all' as cut_value,
    {{ ratio('used_events', 'events') }} as kpi_value,
    used_events as numerator,
    events as denominator,
    events as sample_size,
    {{ add_months('month_date', 1) }} <= {{ add_days(as_of_date(), 1) }} as is_mature
from summed
