-- Grain: one row per period and cut. Users who applied in the app and had looked up a branch in the
-- 30 days before one of these applications, over users who applied. Both are app events, so that
-- one clock says which came first.
with events as (

    select *
    from {{ ref('fct_funnel_event') }}
    where funnel_code = 'branch_before_apply'

),

-- The 30 days before must lie in the time of which app events are delivered.
observed as (

    select min(activity_date) as first_date
    from {{ ref('agg_user_day') }}
    where event_count > 0

),

lookups as (

    select
        user_key,
        event_at
    from events
    where step_code = 'branch_lookup'

),

applications as (

    select
        events.funnel_event_key,
        events.user_key,
        events.event_at,
        events.event_date
    from events
    inner join observed
        on events.event_date >= {{ add_days('observed.first_date', 30) }}
    where events.step_code = 'apply'

),

looked_up as (

    select
        applications.funnel_event_key,
        applications.user_key,
        applications.event_date,
        max(case when lookups.user_key is null then 0 else 1 end) as has_looked_up
    from applications
    left join lookups
        on
            applications.user_key = lookups.user_key
            and applications.event_at >= lookups.event_at
            and applications.event_at <= {{ add_hours('lookups.event_at', 24 * 30) }}
    group by applications.funnel_event_key, applications.user_key, applications.event_date

),

applicants as (

    select
        prd.period_grain,
        prd.period_start_date,
        prd.is_complete,
        coalesce(usr.region_code, 'unknown_region') as region_code,
        looked_up.user_key,
        max(looked_up.has_looked_up) as has_looked_up
    from looked_up
    inner join {{ ref('dim_period') }} as prd
        on looked_up.event_date = prd.date_day
    inner join {{ ref('dim_user') }} as usr
        on looked_up.user_key = usr.user_key
    where prd.period_grain in ('month', 'quarter', 'year')
    group by
        prd.period_grain, prd.period_start_date, prd.is_complete, usr.region_code,
        looked_up.user_key

),

summed as (

    select
        period_grain,
        period_start_date,
        is_complete,
        case when grouping(region_code) = 0 then 'region' else 'all' end as cut_name,
        coalesce(region_code, 'all') as cut_value,
        sum(has_looked_up) as numerator,
        count(*) as denominator
    from applicants
    group by grouping sets (  -- noqa: PRS
        (period_grain, period_start_date, is_complete),
        (period_grain, period_start_date, is_complete, region_code)
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
    is_complete as is_mature
from summed
