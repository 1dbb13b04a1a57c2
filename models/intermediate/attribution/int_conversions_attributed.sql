-- Grain: one row per conversion (a registration or an order) with its last touch.
-- A click, coupon claim or clicked marketing message within the click window wins over an
-- impression within the view window; among equals the latest wins. Service messages bring nobody.
with registrations as (

    select *
    from {{ ref('int_users_registered') }}

),

orders as (

    select *
    from {{ ref('int_orders_valued') }}

),

touches as (

    select *
    from {{ ref('int_touches_resolved') }}
    where user_key is not null

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

engaged as (

    select
        user_key,
        touch_id,
        touch_kind,
        campaign_id,
        channel_code,
        case when touch_kind = 'message' then clicked_at else touched_at end as engaged_at,
        case when touch_kind = 'impression' then 2 else 1 end as basis_rank
    from touches
    where touch_kind <> 'message' or (is_marketing_message and clicked_at is not null)

),

candidates as (

    select
        conversions.conversion_kind,
        conversions.conversion_id,
        engaged.touch_id,
        engaged.touch_kind,
        engaged.campaign_id,
        engaged.channel_code,
        engaged.engaged_at,
        row_number() over (
            partition by conversions.conversion_kind, conversions.conversion_id
            order by
                engaged.basis_rank asc,
                engaged.engaged_at desc,
                engaged.touch_kind asc,
                engaged.touch_id asc
        ) as touch_rank
    from conversions
    inner join engaged
        on
            conversions.user_key = engaged.user_key
            and conversions.converted_at >= engaged.engaged_at
            and conversions.converted_at <= case
                when engaged.basis_rank = 1
                    then {{
                        add_hours('engaged.engaged_at', var('attribution_click_days') | int * 24)
                    }}
                else {{ add_hours('engaged.engaged_at', var('attribution_view_days') | int * 24) }}
            end

)

select
    conversions.conversion_kind,
    conversions.conversion_id,
    conversions.user_key,
    conversions.converted_at,
    candidates.touch_id,
    candidates.touch_kind,
    candidates.campaign_id,
    candidates.channel_code,
    candidates.engaged_at
from conversions
left join candidates
    on
        conversions.conversion_kind = candidates.conversion_kind
        and conversions.conversion_id = candidates.conversion_id
        and candidates.touch_rank = 1
