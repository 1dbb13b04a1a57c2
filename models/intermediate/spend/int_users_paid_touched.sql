-- Grain: one row per user with a known registration: was there a paid touch shortly before it?
-- A click, coupon claim or clicked marketing message counts within the click window, an impression
-- within the view window, whichever touch the registration is attributed to.
with registrations as (

    select *
    from {{ ref('int_users_registered') }}

),

touches as (

    select *
    from {{ ref('int_touches_resolved') }}
    where user_key is not null

),

channels as (

    select *
    from {{ ref('channels') }}

),

engaged as (

    select
        touches.user_key,
        case
            when touches.touch_kind = 'message' then touches.clicked_at
            else touches.touched_at
        end as engaged_at,
        touches.touch_kind = 'impression' as is_view
    from touches
    inner join channels
        on touches.channel_code = channels.channel_code
    where
        channels.is_paid
        and (
            touches.touch_kind <> 'message'
            or (touches.is_marketing_message and touches.clicked_at is not null)
        )

),

touched as (

    select registrations.user_key
    from registrations
    inner join engaged
        on
            registrations.user_key = engaged.user_key
            and registrations.registered_at >= engaged.engaged_at
            and registrations.registered_at <= case
                when engaged.is_view
                    then {{
                        add_hours('engaged.engaged_at', var('attribution_view_days') | int * 24)
                    }}
                else {{ add_hours('engaged.engaged_at', var('attribution_click_days') | int * 24) }}
            end
    group by registrations.user_key

)

select
    registrations.user_key,
    registrations.registered_at,
    registrations.registration_date,
    touched.user_key is not null as has_paid_touch,
    coalesce(declared.is_paid, false) as has_declared_paid_channel
from registrations
left join touched
    on registrations.user_key = touched.user_key
left join channels as declared
    on registrations.register_channel_code = declared.channel_code
