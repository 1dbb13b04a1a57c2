-- Grain: one row per period of entry and cut. Visitors of social platforms who open the app within
-- 7 days over those visitors; a visitor who comes again after 7 days counts again.
with funnels as (

    select *
    from {{ ref('funnels') }}

),

-- Before the first delivered app event nobody can be seen opening the app.
observed as (

    select min(activity_date) as first_date
    from {{ ref('agg_user_day') }}
    where event_count > 0

),

entries as (

    select
        entries.entered_date,
        entries.platform,
        funnels.window_days,
        case when entries.is_completed then 1 else 0 end as is_completed
    from {{ ref('fct_funnel_entry') }} as entries
    inner join funnels
        on entries.funnel_code = funnels.funnel_code
    inner join observed
        on entries.entered_date >= observed.first_date
    where entries.funnel_code = 'social_to_app'

),

summed as (

    select
        prd.period_grain,
        prd.period_start_date,
        {{ add_days('prd.period_end_date', 'entries.window_days') }} <= {{ as_of_date() }}
            as is_mature,
        case when grouping(entries.platform) = 0 then 'platform' else 'all' end as cut_name,
        coalesce(entries.platform, 'all') as cut_value,
        sum(entries.is_completed) as numerator,
        count(*) as denominator
    from entries
    inner join {{ ref('dim_period') }} as prd
        on entries.entered_date = prd.date_day
    where prd.period_grain <> 'day'
    group by grouping sets (  -- noqa: PRS
        (prd.period_grain, prd.period_start_date, prd.period_end_date, entries.window_days),
        (
            prd.period_grain, prd.period_start_date, prd.period_end_date, entries.window_days,
            entries.platform
        )
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
