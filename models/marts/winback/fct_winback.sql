-- Grain: one row per user and win-back treatment: treated or held out by an experiment, or first
-- written to by a win-back campaign without one.
-- Activity is a session or an order; a registration makes a user known. Churned: seen before, and
-- not in the 30 days before the treatment. Returned: the first activity in the 30 days (720 hours)
-- after it. Churned again: none on the 30 business days after that of the return.
with treatments as (

    select *
    from {{ ref('int_winbacks_treated') }}

),

orders as (

    select *
    from {{ ref('fct_order') }}

),

registrations as (

    select *
    from {{ ref('int_users_registered') }}

),

tiers as (

    select *
    from {{ ref('int_tiers_assigned') }}

),

activities as (

    select
        user_key,
        started_at as active_at,
        session_date as active_date,
        0 as is_order
    from {{ ref('fct_session') }}
    union all
    select
        user_key,
        ordered_at as active_at,
        order_date as active_date,
        1 as is_order
    from orders

),

-- A registration makes a user known; it is no return.
signs as (

    select
        user_key,
        active_at
    from activities
    union all
    select
        user_key,
        registered_at as active_at
    from registrations

),

lasts as (

    select
        treatments.treatment_source,
        treatments.treatment_id,
        treatments.user_key,
        max(signs.active_at) as last_active_at
    from treatments
    inner join signs
        on
            treatments.user_key = signs.user_key
            and treatments.treated_at > signs.active_at
    group by treatments.treatment_source, treatments.treatment_id, treatments.user_key

),

returns as (

    select
        treatments.treatment_source,
        treatments.treatment_id,
        treatments.user_key,
        min(activities.active_at) as returned_at,
        min(activities.active_date) as returned_date,
        min(case when activities.is_order = 1 then activities.active_at end) as ordered_at
    from treatments
    inner join activities
        on
            treatments.user_key = activities.user_key
            and treatments.treated_at < activities.active_at
            and {{ add_hours('treatments.treated_at', 720) }} >= activities.active_at
    group by treatments.treatment_source, treatments.treatment_id, treatments.user_key

),

seen_again as (

    select
        returns.treatment_source,
        returns.treatment_id,
        returns.user_key
    from returns
    inner join activities
        on
            returns.user_key = activities.user_key
            and returns.returned_date < activities.active_date
            and {{ add_days('returns.returned_date', 30) }} >= activities.active_date
    group by returns.treatment_source, returns.treatment_id, returns.user_key

)

select
    {{ surrogate_key([
        'treatments.treatment_source', 'treatments.treatment_id', 'treatments.user_key'
    ]) }} as winback_key,
    treatments.user_key,
    treatments.treatment_source,
    treatments.experiment_id,
    treatments.experiment_name,
    treatments.campaign_id,
    treatments.is_holdout,
    treatments.treated_at,
    treatments.treated_date,
    coalesce(tiers.tier_code, 'not_tiered') as tier_code,
    lasts.last_active_at,
    coalesce({{ add_hours('lasts.last_active_at', 720) }} < treatments.treated_at, false)
        as is_churned,
    returns.returned_at,
    returns.returned_date,
    returns.returned_at is not null as is_returned,
    returns.ordered_at,
    returns.ordered_at is not null as is_ordered,
    case when returns.returned_at is not null then seen_again.user_key is null end
        as is_churned_again,
    {{ add_days('treatments.treated_date', 30) }} <= {{ as_of_date() }} as is_mature
from treatments
left join lasts
    on
        treatments.treatment_source = lasts.treatment_source
        and treatments.treatment_id = lasts.treatment_id
        and treatments.user_key = lasts.user_key
left join returns
    on
        treatments.treatment_source = returns.treatment_source
        and treatments.treatment_id = returns.treatment_id
        and treatments.user_key = returns.user_key
left join seen_again
    on
        treatments.treatment_source = seen_again.treatment_source
        and treatments.treatment_id = seen_again.treatment_id
        and treatments.user_key = seen_again.user_key
left join tiers
    on
        treatments.user_key = tiers.user_key
        and {{ add_months(period_start('month', 'treatments.treated_date'), -1) }}
        = tiers.month_date
