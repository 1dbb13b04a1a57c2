-- Grain: one row per calendar month and app event name, with whether a tag or KPI reads it.
with event_months as (

    select *
    from {{ ref('int_user_event_months_counted') }}

),

dictionary as (

    select *
    from {{ ref('event_dictionary') }}

),

uses as (

    select
        event_name,
        count(*) as use_count
    from {{ ref('event_uses') }}
    group by event_name

),

counted as (

    select
        month_date,
        event_name,
        sum(event_count) as event_count,
        count(distinct user_key) as user_count
    from event_months
    group by month_date, event_name

)

select
    counted.month_date,
    counted.event_name,
    coalesce(dictionary.event_class, 'undeclared') as event_class,
    cast(counted.event_count as bigint) as event_count,
    cast(counted.user_count as bigint) as user_count,
    cast(coalesce(uses.use_count, 0) as bigint) as use_count
from counted
left join dictionary
    on counted.event_name = dictionary.event_name
left join uses
    on counted.event_name = uses.event_name
