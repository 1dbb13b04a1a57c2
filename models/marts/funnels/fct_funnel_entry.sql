-- Grain: one row per funnel, entrant and entry, with the moment at which each step was reached.
-- noqa: disable=LT02
with entries as (

    select *
    from {{ ref('int_funnel_entries_opened') }}

),

steps as (

    select
        entry_key,
        max(step_number) as steps_reached
        {%- for step in range(1, 6) %},
        max(case when step_number = {{ step }} then reached_at end) as step_{{ step }}_at
        {%- endfor %}
        {%- for step in range(2, 6) %},
        max(case when step_number = {{ step }} then seconds_from_previous end)
            as seconds_to_step_{{ step }}
        {%- endfor %}
    from {{ ref('int_funnel_steps_reached') }}
    group by entry_key

),

lengths as (

    select
        funnel_code,
        max(step_number) as step_count
    from {{ ref('funnel_steps') }}
    group by funnel_code

),

users as (

    select *
    from {{ ref('dim_user') }}

)

select
    entries.entry_key,
    entries.funnel_code,
    entries.entrant_kind,
    entries.entrant_key,
    entries.user_key,
    entries.entry_number,
    entries.entered_at,
    entries.entered_date,
    entries.window_end_at,
    entries.is_mature,
    -- Of the event of entry, else what once brought the user.
    coalesce(entries.channel_code, users.acquisition_channel_code, 'unattributed') as channel_code,
    coalesce(entries.platform, 'unknown') as platform,
    coalesce(users.region_code, 'unknown') as region_code,
    coalesce(users.age_band, 'unknown') as age_band,
    cast(lengths.step_count as integer) as step_count,
    cast(steps.steps_reached as integer) as steps_reached,
    steps.steps_reached = lengths.step_count as is_completed
    {%- for step in range(1, 6) %},
    steps.step_{{ step }}_at
    {%- endfor %}
    {%- for step in range(2, 6) %},
    steps.seconds_to_step_{{ step }}
    {%- endfor %}
from entries
inner join steps
    on entries.entry_key = steps.entry_key
inner join lengths
    on entries.funnel_code = lengths.funnel_code
left join users
    on entries.user_key = users.user_key
