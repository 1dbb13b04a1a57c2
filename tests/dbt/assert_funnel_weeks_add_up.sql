-- Weeks of a funnel that do not close: entrants of a cut that are not those of all, a step that
-- does not hold what the next one and its losses hold, and entries that no week counts.
with weeks as (

    select *
    from {{ ref('agg_funnel_week') }}

),

cuts as (

    select
        funnel_code,
        week_date,
        step_number,
        cut_name,
        sum(entrants) as entrants,
        sum(reached) as reached,
        sum(lost) as lost
    from weeks
    group by funnel_code, week_date, step_number, cut_name

),

entries as (

    select
        funnel_code,
        count(*) as entrants
    from {{ ref('fct_funnel_entry') }}
    group by funnel_code

),

counted as (

    select
        funnel_code,
        sum(entrants) as entrants
    from cuts
    where cut_name = 'all' and step_number = 1
    group by funnel_code

)

select
    cuts.funnel_code,
    cuts.week_date,
    cuts.step_number,
    cuts.cut_name
from cuts
inner join cuts as every
    on
        cuts.funnel_code = every.funnel_code
        and cuts.week_date = every.week_date
        and cuts.step_number = every.step_number
        and every.cut_name = 'all'
left join cuts as before
    on
        cuts.funnel_code = before.funnel_code
        and cuts.week_date = before.week_date
        and cuts.cut_name = before.cut_name
        and cuts.step_number = before.step_number + 1
where
    cuts.entrants <> every.entrants
    or cuts.reached <> every.reached
    or coalesce(before.reached, cuts.entrants) <> cuts.reached + cuts.lost
union all
select
    entries.funnel_code,
    cast(null as date) as week_date,
    cast(null as integer) as step_number,
    'entries' as cut_name
from entries
left join counted
    on entries.funnel_code = counted.funnel_code
where entries.entrants <> coalesce(counted.entrants, 0)
