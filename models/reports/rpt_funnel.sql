-- Grain: one row per funnel, month of entry and step: how many got so far, and where they stop.
-- Mature once the window of every entry of the month is over.
with entries as (

    select
        *,
        {{ period_start('month', 'entered_date') }} as month_date
    from {{ ref('fct_funnel_entry') }}

),

steps as (

    select
        steps.*,
        funnels.name_en as funnel_name_en,
        funnels.name_zh as funnel_name_zh,
        funnels.window_days
    from {{ ref('funnel_steps') }} as steps
    inner join {{ ref('funnels') }} as funnels
        on steps.funnel_code = funnels.funnel_code

),

reached as (

    select *
    from {{ ref('fct_funnel_step') }}

),

counted as (

    select
        steps.funnel_code,
        entries.month_date,
        steps.step_number,
        steps.step_code,
        steps.funnel_name_en,
        steps.funnel_name_zh,
        steps.name_en,
        steps.name_zh,
        steps.window_days,
        count(*) as entrants,
        sum(case when entries.steps_reached >= steps.step_number - 1 then 1 else 0 end)
            as reached_before,
        sum(case when entries.steps_reached >= steps.step_number then 1 else 0 end) as reached,
        {{ quantile('reached.seconds_from_previous', 0.5) }} as median_seconds,
        {{ quantile('reached.dwell_seconds', 0.5) }} as median_dwell_seconds
    from entries
    inner join steps
        on entries.funnel_code = steps.funnel_code
    left join reached
        on
            entries.entry_key = reached.entry_key
            and steps.step_number = reached.step_number
    group by
        steps.funnel_code, entries.month_date, steps.step_number, steps.step_code,
        steps.funnel_name_en, steps.funnel_name_zh, steps.name_en, steps.name_zh, steps.window_days

)

select
    funnel_code,
    funnel_name_en,
    funnel_name_zh,
    month_date,
    step_number,
    step_code,
    name_en as step_name_en,
    name_zh as step_name_zh,
    cast(entrants as bigint) as entrants,
    cast(reached as bigint) as reached,
    cast(reached_before - reached as bigint) as lost,
    {{ ratio('reached', 'entrants') }} as conversion_from_entry,
    {{ ratio('reached', 'reached_before') }} as conversion_from_previous,
    median_seconds,
    median_dwell_seconds,
    {{ add_days(add_months('month_date', 1), 'window_days - 1') }} <= {{ as_of_date() }}
        as is_mature
from counted
