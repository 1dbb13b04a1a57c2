-- One row per account that went from one living user to another without a merge or a split.
-- Keys that BI holds must not change hands.
with assignments as (

    select
        identifier_value,
        max_by(user_key, issued_sequence) as user_key
    from {{ source('identity', 'key_assignments') }}
    where identifier_type = 'customer'
    group by identifier_value

),

resolved as (

    select *
    from {{ ref('int_identifiers_resolved') }}
    where identifier_type = 'customer'

),

keys as (

    select *
    from {{ ref('int_user_keys_assigned') }}

),

events as (

    select
        user_key,
        other_user_key
    from {{ ref('fct_identity_event') }}
    where event_kind in ('split', 'restored', 'merged')

)

select
    resolved.identifier_value,
    assignments.user_key as key_before,
    resolved.user_key as key_now
from resolved
inner join assignments
    on resolved.identifier_value = assignments.identifier_value
inner join keys
    on assignments.user_key = keys.user_key
left join events
    on
        (assignments.user_key = events.user_key and resolved.user_key = events.other_user_key)
        or (assignments.user_key = events.other_user_key and resolved.user_key = events.user_key)
where resolved.user_key <> assignments.user_key and events.user_key is null
