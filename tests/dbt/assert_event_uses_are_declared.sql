-- Uses of an event by a tag or KPI that is not declared, and tags of the class behaviour that rest
-- on app events without naming one (those that count any event or session alike left out).
with uses as (

    select *
    from {{ ref('event_uses') }}

),

tags as (

    select *
    from {{ ref('tags') }}

),

catalogue as (

    select *
    from {{ ref('kpi_catalogue') }}

)

select
    uses.code,
    'not declared' as fault
from uses
left join tags
    on uses.code = tags.tag_code
left join catalogue
    on uses.code = catalogue.kpi_id
where
    (uses.used_by = 'tag' and tags.tag_code is null)
    or (uses.used_by = 'kpi' and catalogue.kpi_id is null)
union all
select
    tags.tag_code as code,
    'names no event' as fault
from tags
left join uses
    on tags.tag_code = uses.code
where
    tags.data_source = 'app_event'
    and tags.tag_code not in ('active_days_band', 'main_day_part')
    and uses.code is null
