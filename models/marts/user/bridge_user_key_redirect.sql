-- Grain: one row per user key that was published once and now leads to another user.
with keys as (

    select *
    from {{ ref('int_user_keys_assigned') }}
    where user_key <> surviving_user_key

),

events as (

    select
        user_key,
        other_user_key,
        max(as_of_date) as redirected_date
    from {{ ref('fct_identity_event') }}
    where event_kind = 'merged'
    group by user_key, other_user_key

)

select
    keys.user_key as old_user_key,
    keys.surviving_user_key as user_key,
    events.redirected_date
from keys
left join events
    on
        keys.user_key = events.user_key
        and keys.surviving_user_key = events.other_user_key
