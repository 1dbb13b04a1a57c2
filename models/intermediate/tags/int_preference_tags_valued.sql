-- Grain: one row per user, complete month and preference tag that has a value at its end.
with months as (

    select *
    from {{ ref('int_user_months_listed') }}
    where is_complete

),

preferences as (

    select *
    from {{ ref('int_preferences_ranked') }}

),

event_months as (

    select *
    from {{ ref('int_user_event_months_counted') }}
    where scenario_code is not null

),

uses as (

    select *
    from {{ ref('event_uses') }}
    where used_by = 'tag' and code = 'browsed_scenario'

),

coupons as (

    select
        user_key,
        {{ period_start('month', 'touch_date') }} as month_date
    from {{ ref('int_touches_resolved') }}
    where touch_kind = 'coupon_claim' and user_key is not null
    group by user_key, {{ period_start('month', 'touch_date') }}

),

settings as (

    {{ pivoted_settings(ref('tag_settings'), ['behaviour_months']) }}

),

browsed as (

    select
        months.user_key,
        months.month_date,
        months.month_end_date,
        event_months.scenario_code,
        sum(event_months.event_count) as event_count,
        max(event_months.last_date) as last_date
    from months
    cross join settings
    inner join event_months
        on
            months.user_key = event_months.user_key
            and months.month_date >= event_months.month_date
            and event_months.month_date
            > {{ add_months('months.month_date', '-settings.behaviour_months') }}
    inner join uses
        on event_months.event_name = uses.event_name
    group by
        months.user_key, months.month_date, months.month_end_date, event_months.scenario_code

),

ranked as (

    select
        *,
        row_number() over (
            partition by user_key, month_date
            order by event_count desc, last_date desc, scenario_code asc
        ) as scenario_rank
    from browsed

)

select
    user_key,
    month_date,
    month_end_date,
    'browsed_scenario' as tag_code,
    scenario_code as tag_value
from ranked
where scenario_rank = 1
union all
select
    months.user_key,
    months.month_date,
    months.month_end_date,
    concat('preferred_', preferences.preference_kind) as tag_code,
    preferences.preference_value as tag_value
from months
inner join preferences
    on
        months.user_key = preferences.user_key
        and months.month_date = preferences.month_date
union all
select
    months.user_key,
    months.month_date,
    months.month_end_date,
    'coupon_user' as tag_code,
    'yes' as tag_value
from months
inner join coupons
    on
        months.user_key = coupons.user_key
        and months.month_date >= coupons.month_date
        and coupons.month_date >= {{ add_months('months.month_date', -11) }}
group by months.user_key, months.month_date, months.month_end_date
