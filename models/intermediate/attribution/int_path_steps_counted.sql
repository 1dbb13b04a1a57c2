-- Grain: one row per goal (registration, order) and pair of states that follow each other on paths:
-- '(start)', channels, '(conversion)' or '(none)'. What Markov chains are fitted on: paths that led
-- nowhere count as well. Such a path is made of engagements of a user that are no step to the goal,
-- without a pause longer than the click window; impressions count in the view window before its
-- end, as they do on paths that converted.
{% set click_hours = var('attribution_click_days') | int * 24 %}
{% set view_hours = var('attribution_view_days') | int * 24 %}
with engagements as (

    select *
    from {{ ref('int_engagements_listed') }}

),

converted as (

    select
        conversion_kind as goal,
        conversion_id as path_id,
        channel_code,
        step_number,
        step_count
    from {{ ref('int_conversion_paths_built') }}

),

registrations as (

    select
        user_key,
        registered_at
    from {{ ref('int_users_registered') }}

),

goals as (

    select 'registration' as goal
    union all
    select 'order' as goal

),

-- The next conversion of the user after each engagement, if any.
conversions as (

    select
        'registration' as goal,
        user_key,
        registered_at as converted_at
    from registrations
    union all
    select
        'order' as goal,
        user_key,
        ordered_at as converted_at
    from {{ ref('int_orders_valued') }}

),

moments as (

    select
        goals.goal,
        engagements.user_key,
        engagements.engaged_at as happened_at,
        1 as kind_rank,
        engagements.touch_kind,
        engagements.touch_id,
        engagements.channel_code,
        engagements.basis,
        cast(null as timestamp) as converted_at
    from engagements
    cross join goals
    union all
    select
        goal,
        user_key,
        converted_at as happened_at,
        2 as kind_rank,
        '' as touch_kind,
        '' as touch_id,
        cast(null as string) as channel_code,
        cast(null as string) as basis,
        converted_at
    from conversions

),

-- Looked at backwards, the latest conversion is the next one.
looked_ahead as (

    select
        *,
        min(converted_at) over (
            partition by goal, user_key
            order by happened_at desc, kind_rank desc, touch_kind asc, touch_id asc
            rows between unbounded preceding and current row
        ) as next_converted_at
    from moments

),

-- Left over: no conversion in the click window, and for registrations no earlier one either.
idle as (

    select
        looked_ahead.goal,
        looked_ahead.user_key,
        looked_ahead.happened_at as engaged_at,
        looked_ahead.touch_kind,
        looked_ahead.touch_id,
        looked_ahead.channel_code,
        looked_ahead.basis
    from looked_ahead
    left join registrations
        on looked_ahead.user_key = registrations.user_key
    where
        looked_ahead.kind_rank = 1
        and (
            looked_ahead.next_converted_at is null
            or looked_ahead.next_converted_at
            > {{ add_hours('looked_ahead.happened_at', click_hours) }}
        )
        and (
            looked_ahead.goal = 'order'
            or registrations.registered_at is null
            or looked_ahead.happened_at <= registrations.registered_at
        )

),

paused as (

    select
        *,
        case
            when
                {{ add_hours(
                    'lag(engaged_at) over (partition by goal, user_key '
                    ~ 'order by engaged_at, touch_kind, touch_id)', click_hours
                ) }} >= engaged_at
                then 0
            else 1
        end as is_new_path
    from idle

),

numbered as (

    select
        *,
        sum(is_new_path) over (
            partition by goal, user_key
            order by engaged_at, touch_kind, touch_id
            rows between unbounded preceding and current row
        ) as path_number
    from paused

),

ended as (

    select
        *,
        max(engaged_at) over (partition by goal, user_key, path_number) as path_ended_at
    from numbered

),

unconverted as (

    select
        goal,
        user_key || '/' || cast(path_number as string) as path_id,
        channel_code,
        row_number() over (
            partition by goal, user_key, path_number
            order by engaged_at, touch_kind, touch_id
        ) as step_number,
        count(*) over (partition by goal, user_key, path_number) as step_count
    from ended
    where basis = 'click' or path_ended_at <= {{ add_hours('engaged_at', view_hours) }}

),

steps as (

    select
        goal,
        true as is_converted,
        path_id,
        channel_code,
        step_number,
        step_count
    from converted
    union all
    select
        goal,
        false as is_converted,
        path_id,
        channel_code,
        step_number,
        step_count
    from unconverted

),

transitions as (

    select
        goal,
        coalesce(
            lag(channel_code) over (
                partition by goal, is_converted, path_id
                order by step_number
            ),
            '(start)'
        ) as from_state,
        channel_code as to_state
    from steps
    union all
    select
        goal,
        channel_code as from_state,
        case when is_converted then '(conversion)' else '(none)' end as to_state
    from steps
    where step_number = step_count

)

select
    goal,
    from_state,
    to_state,
    cast(count(*) as bigint) as transition_count
from transitions
group by goal, from_state, to_state
