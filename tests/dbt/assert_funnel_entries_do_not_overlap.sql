-- Entries that begin inside the window of another of the same entrant, and steps that were reached
-- before the step before them, without it, or after the window.
with entries as (

    select *
    from {{ ref('fct_funnel_entry') }}

),

steps as (

    select *
    from {{ ref('fct_funnel_step') }}

)

select
    later.entry_key,
    'overlaps' as fault
from entries as later
inner join entries as earlier
    on
        later.funnel_code = earlier.funnel_code
        and later.entrant_key = earlier.entrant_key
        and later.entry_number > earlier.entry_number
        and later.entered_at < earlier.window_end_at
union all
select
    steps.entry_key,
    'out of order' as fault
from steps
left join steps as before
    on
        steps.entry_key = before.entry_key
        and steps.step_number = before.step_number + 1
where
    steps.step_number > 1
    and (before.reached_at is null or before.reached_at > steps.reached_at)
union all
select
    steps.entry_key,
    'outside the window' as fault
from steps
inner join entries
    on steps.entry_key = entries.entry_key
where steps.reached_at < entries.entered_at or steps.reached_at >= entries.window_end_at
