-- Grain: one row per conversion (a registration or an order) and engagement on its path, in order.
-- What was clicked is on the path for the click window, what was only seen for the view window.
with registrations as (

    select *
    from {{ ref('int_users_registered') }}

),

orders as (

    select *
    from {{ ref('int_orders_valued') }}

),

engagements as (

    select *
    from {{ ref('int_engagements_listed') }}

),

conversions as (

    select
        'registration' as conversion_kind,
        user_key as conversion_id,
        user_key,
        registered_at as converted_at
    from registrations
    union all
    select
        'order' as conversion_kind,
        order_id as conversion_id,
        user_key,
        ordered_at as converted_at
    from orders

),

steps as (

    select
        conversions.conversion_kind,
        conversions.conversion_id,
        conversions.user_key,
        conversions.converted_at,
        engagements.touch_kind,
        engagements.touch_id,
        engagements.campaign_id,
        engagements.channel_code,
        engagements.is_direct,
        engagements.basis,
        engagements.engaged_at
    from conversions
    inner join engagements
        on
            conversions.user_key = engagements.user_key
            and conversions.converted_at >= engagements.engaged_at
            and conversions.converted_at <= case
                when engagements.basis = 'click'
                    then {{
                        add_hours(
                            'engagements.engaged_at', var('attribution_click_days') | int * 24
                        )
                    }}
                else {{
                    add_hours('engagements.engaged_at', var('attribution_view_days') | int * 24)
                }}
            end

)

select
    *,
    cast(
        row_number() over (
            partition by conversion_kind, conversion_id
            order by engaged_at, touch_kind, touch_id
        ) as bigint
    ) as step_number,
    cast(count(*) over (partition by conversion_kind, conversion_id) as bigint) as step_count,
    -- 1: the last touch. A click wins over an impression, the later over the earlier.
    cast(
        row_number() over (
            partition by conversion_kind, conversion_id
            order by basis asc, engaged_at desc, touch_kind asc, touch_id asc
        ) as bigint
    ) as last_touch_rank,
    cast(
        row_number() over (
            partition by conversion_kind, conversion_id
            order by is_direct asc, basis asc, engaged_at desc, touch_kind asc, touch_id asc
        ) as bigint
    ) as last_non_direct_rank,
    -- 1: the last step of its channel, which takes the credit of the channel.
    cast(
        row_number() over (
            partition by conversion_kind, conversion_id, channel_code
            order by engaged_at desc, touch_kind asc, touch_id asc
        ) as bigint
    ) as channel_step_rank
from steps
