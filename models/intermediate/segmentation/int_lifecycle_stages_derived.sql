-- Grain: one row per user and period of business days (half open) in one lifecycle stage.
-- What a day says follows from activity up to that day only; the last period has no end yet.
with active_days as (

    select *
    from {{ ref('int_active_days_spelled') }}

),

settings as (

    {{ pivoted_settings(ref('tier_settings'), ['mature_days', 'mature_orders']) }}

),

dated as (

    select
        active_days.*,
        settings.mature_orders,
        {{ add_days('active_days.spell_start_date', 'active_days.greeting_days') }}
            as settled_date,
        {{ add_days('active_days.spell_start_date', 'settings.mature_days') }} as mature_date
    from active_days
    cross join settings

),

-- Days on which the stage may change: with activity, or while nothing happens.
points as (
    {% for point in ['activity', 'settled', 'mature', 'dormant', 'churned'] %}
    select
        *,
        {{ point }}_date as point_date
    from dated
    {% if not loop.last %}
    union all
    {% endif %}
    {% endfor %}
),

staged as (

    select
        user_key,
        point_date,
        case
            when point_date >= churned_date then 'churned'
            when point_date >= dormant_date then 'dormant'
            when point_date < settled_date and spell_number = 0 then 'new'
            when point_date < settled_date then 'won_back'
            when point_date >= mature_date and spell_order_count >= mature_orders then 'mature'
            else 'active'
        end as lifecycle_stage
    from points
    where
        point_date >= activity_date
        and (point_date < next_activity_date or next_activity_date is null)
        and point_date <= {{ as_of_date() }}

),

compared as (

    select
        *,
        lag(lifecycle_stage) over (
            partition by user_key
            order by point_date, lifecycle_stage
        ) as previous_stage
    from staged

),

changed as (

    select *
    from compared
    where previous_stage is null or previous_stage <> lifecycle_stage

)

select
    user_key,
    lifecycle_stage,
    previous_stage,
    point_date as valid_from_date,
    coalesce(
        lead(point_date) over (
            partition by user_key
            order by point_date
        ),
        cast('9999-12-31' as date)
    ) as valid_to_date
from changed
