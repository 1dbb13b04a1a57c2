-- Grain: one row per funnel, week of entry, step and cut. Mature once the window of every entry of
-- the week is over.
with entries as (

    select
        *,
        {{ period_start('week', 'entered_date') }} as week_date
    from {{ ref('fct_funnel_entry') }}

),

cut_entries as (
    {% for cut_name, cut_value in [
        ('all', "'all'"), ('channel', 'channel_code'), ('region', 'region_code'),
        ('age_band', 'age_band'),
    ] %}
    select
        entry_key,
        funnel_code,
        week_date,
        '{{ cut_name }}' as cut_name,
        {{ cut_value }} as cut_value,
        steps_reached
    from entries
    {% if not loop.last %}
    union all
    {% endif %}
    {% endfor %}
),

steps as (

    select
        steps.*,
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
        cut_entries.funnel_code,
        cut_entries.week_date,
        cut_entries.cut_name,
        cut_entries.cut_value,
        steps.step_number,
        steps.step_code,
        steps.window_days,
        count(*) as entrants,
        sum(case when cut_entries.steps_reached >= steps.step_number then 1 else 0 end) as reached,
        sum(case when cut_entries.steps_reached = steps.step_number - 1 then 1 else 0 end) as lost,
        {{ quantile('reached.seconds_from_previous', 0.5) }} as median_seconds,
        {{ quantile('reached.seconds_from_previous', 0.9) }} as p90_seconds
    from cut_entries
    inner join steps
        on cut_entries.funnel_code = steps.funnel_code
    left join reached
        on
            cut_entries.entry_key = reached.entry_key
            and steps.step_number = reached.step_number
    group by
        cut_entries.funnel_code, cut_entries.week_date, cut_entries.cut_name,
        cut_entries.cut_value, steps.step_number, steps.step_code, steps.window_days

)

select
    funnel_code,
    week_date,
    cut_name,
    cut_value,
    step_number,
    step_code,
    cast(entrants as bigint) as entrants,
    cast(reached as bigint) as reached,
    cast(lost as bigint) as lost,
    median_seconds,
    p90_seconds,
    {{ add_days('week_date', '6 + window_days') }} <= {{ as_of_date() }} as is_mature
from counted
