-- Grain: one row per user and calendar month with an app event, an order or a marketing contact.
with days as (

    select *
    from {{ ref('agg_user_day') }}

),

contacts as (

    select *
    from {{ ref('fct_touch') }}
    where is_marketing_message and user_key is not null

),

tiers as (

    select *
    from {{ ref('int_tiers_assigned') }}

),

months as (

    select *
    from {{ ref('int_user_months_listed') }}

),

scores as (

    select *
    from {{ ref('int_user_months_rfm_scored') }}

),

combined as (

    select
        user_key,
        {{ period_start('month', 'activity_date') }} as month_date,
        1 as active_days,
        case when event_count > 0 then 1 else 0 end as app_days,
        event_count,
        order_count,
        revenue_amount,
        margin_amount,
        0 as contact_count,
        0 as duplicate_contact_count
    from days
    union all
    select
        user_key,
        {{ period_start('month', 'touch_date') }} as month_date,
        0 as active_days,
        0 as app_days,
        0 as event_count,
        0 as order_count,
        cast(0 as decimal(18, 2)) as revenue_amount,
        cast(0 as decimal(18, 2)) as margin_amount,
        1 as contact_count,
        case when is_duplicate_contact then 1 else 0 end as duplicate_contact_count
    from contacts

),

summed as (

    select
        user_key,
        month_date,
        cast(sum(active_days) as bigint) as active_days,
        cast(sum(app_days) as bigint) as app_days,
        cast(sum(event_count) as bigint) as event_count,
        cast(sum(order_count) as bigint) as order_count,
        cast(sum(revenue_amount) as decimal(18, 2)) as revenue_amount,
        cast(sum(margin_amount) as decimal(18, 2)) as margin_amount,
        cast(sum(contact_count) as bigint) as contact_count,
        cast(sum(duplicate_contact_count) as bigint) as duplicate_contact_count,
        sum(active_days) > 0 as is_active,
        sum(app_days) > 0 as is_app_active
    from combined
    group by user_key, month_date

)

select
    summed.*,
    months.lifecycle_stage,
    scores.rfm_class,
    tiers.tier_code
from summed
left join months
    on
        summed.user_key = months.user_key
        and summed.month_date = months.month_date
left join scores
    on
        summed.user_key = scores.user_key
        and summed.month_date = scores.month_date
left join tiers
    on
        summed.user_key = tiers.user_key
        and summed.month_date = tiers.month_date
