-- Grain: one row per user, complete month and behaviour tag that has a value at its end.
-- Tags of single events look back on the months of the setting behaviour_months; the events they
-- read are those of the seed event_uses.
with months as (

    select *
    from {{ ref('int_user_months_listed') }}
    where is_complete

),

event_months as (

    select *
    from {{ ref('int_user_event_months_counted') }}

),

day_parts as (

    select *
    from {{ ref('int_user_day_parts_counted') }}

),

user_days as (

    select *
    from {{ ref('int_user_days_aggregated') }}
    where event_count > 0

),

uses as (

    select *
    from {{ ref('event_uses') }}
    where used_by = 'tag'

),

dictionary as (

    select *
    from {{ ref('event_dictionary') }}

),

settings as (

    {{ pivoted_settings(ref('tag_settings'), ['behaviour_months']) }}

),

-- What may become the value of a tag, with its weight in a calendar month.
weighed as (

    select
        event_months.user_key,
        event_months.month_date,
        uses.code as tag_code,
        case
            when uses.code = 'favourite_event_class' then dictionary.event_class else 'yes'
        end as tag_value,
        event_months.event_count as weight
    from event_months
    inner join uses
        on event_months.event_name = uses.event_name
    inner join dictionary
        on event_months.event_name = dictionary.event_name
    where uses.code in ('search_user', 'branch_visitor', 'sharer', 'favourite_event_class')
    union all
    select
        user_key,
        month_date,
        'main_day_part' as tag_code,
        day_part as tag_value,
        session_count as weight
    from day_parts

),

summed as (

    select
        months.user_key,
        months.month_date,
        months.month_end_date,
        weighed.tag_code,
        weighed.tag_value,
        sum(weighed.weight) as weight
    from months
    cross join settings
    inner join weighed
        on
            months.user_key = weighed.user_key
            and months.month_date >= weighed.month_date
            and weighed.month_date
            > {{ add_months('months.month_date', '-settings.behaviour_months') }}
    group by
        months.user_key,
        months.month_date,
        months.month_end_date,
        weighed.tag_code,
        weighed.tag_value

),

ranked as (

    select
        *,
        row_number() over (
            partition by user_key, month_date, tag_code
            order by weight desc, tag_value asc
        ) as value_rank
    from summed

),

active as (

    select
        user_key,
        {{ period_start('month', 'activity_date') }} as month_date,
        count(*) as active_days
    from user_days
    group by user_key, {{ period_start('month', 'activity_date') }}

)

select
    user_key,
    month_date,
    month_end_date,
    tag_code,
    tag_value
from ranked
where value_rank = 1
union all
select
    months.user_key,
    months.month_date,
    months.month_end_date,
    'active_days_band' as tag_code,
    case
        when active.active_days >= 20 then '20_plus'
        when active.active_days >= 10 then '10_19'
        when active.active_days >= 4 then '4_9'
        when active.active_days >= 2 then '2_3'
        else '1'
    end as tag_value
from months
inner join active
    on
        months.user_key = active.user_key
        and months.month_date = active.month_date
