-- Grain: one row per event of a user key: issued, merged into another, split off one, restored.
-- Past events are those that were published; new ones follow from the keys of this build.
with recorded as (

    select
        event_kind,
        user_key,
        other_user_key,
        identifier_type,
        identifier_value,
        as_of_date,
        reason,
        event_sequence
    from {{ source('identity', 'identity_events') }}
    where as_of_date <= {{ as_of_date() }}

),

keys as (

    select *
    from {{ ref('int_user_keys_assigned') }}

),

resolved as (

    select *
    from {{ ref('int_identifiers_resolved') }}

),

assignments as (

    select
        identifier_type,
        identifier_value,
        max_by(user_key, issued_sequence) as user_key
    from {{ source('identity', 'key_assignments') }}
    group by identifier_type, identifier_value

),

-- What a key was last said to be: merged into another, or not.
redirects as (

    select
        user_key,
        max_by(event_kind, event_sequence) as event_kind,
        max_by(other_user_key, event_sequence) as other_user_key
    from recorded
    where event_kind in ('merged', 'restored')
    group by user_key

),

-- The identifiers of a new user that had another key before, which lives on elsewhere.
parted as (

    select
        resolved.user_key,
        assignments.user_key as other_user_key,
        min(resolved.node) as node
    from resolved
    inner join assignments
        on
            resolved.identifier_type = assignments.identifier_type
            and resolved.identifier_value = assignments.identifier_value
    inner join keys
        on resolved.user_key = keys.user_key
    inner join keys as lives
        on assignments.user_key = lives.user_key
    where keys.is_new and resolved.user_key <> assignments.user_key
    group by resolved.user_key, assignments.user_key

),

anchors as (

    select
        user_key,
        min(identifier_type) as identifier_type,
        min(identifier_value) as identifier_value
    from resolved
    where user_key = 'u_' || substr(md5(node), 1, 20)
    group by user_key

),

happened as (

    select
        'issued' as event_kind,
        keys.user_key,
        cast(null as string) as other_user_key,
        anchors.identifier_type,
        anchors.identifier_value,
        'first seen' as reason
    from keys
    left join anchors
        on keys.user_key = anchors.user_key
    where keys.is_new
    union all
    select
        'split' as event_kind,
        other_user_key as user_key,
        user_key as other_user_key,
        split_part(node, ':', 1) as identifier_type,
        substr(node, length(split_part(node, ':', 1)) + 2) as identifier_value,
        'no link left' as reason
    from parted
    union all
    select
        'merged' as event_kind,
        keys.user_key,
        keys.surviving_user_key as other_user_key,
        cast(null as string) as identifier_type,
        cast(null as string) as identifier_value,
        'a new link' as reason
    from keys
    left join redirects
        on keys.user_key = redirects.user_key
    where
        keys.user_key <> keys.surviving_user_key
        and not coalesce(
            redirects.event_kind = 'merged'
            and redirects.other_user_key = keys.surviving_user_key,
            false
        )
    union all
    select
        'restored' as event_kind,
        keys.user_key,
        redirects.other_user_key,
        cast(null as string) as identifier_type,
        cast(null as string) as identifier_value,
        'no link left' as reason
    from keys
    inner join redirects
        on keys.user_key = redirects.user_key
    where keys.user_key = keys.surviving_user_key and redirects.event_kind = 'merged'

),

combined as (

    select
        event_kind,
        user_key,
        other_user_key,
        identifier_type,
        identifier_value,
        as_of_date,
        reason
    from recorded
    union all
    select
        event_kind,
        user_key,
        other_user_key,
        identifier_type,
        identifier_value,
        {{ as_of_date() }} as as_of_date,
        reason
    from happened

)

select
    {{ surrogate_key([
        'event_kind', 'user_key', 'other_user_key', 'as_of_date',
    ]) }} as event_key,
    event_kind,
    user_key,
    other_user_key,
    identifier_type,
    identifier_value,
    as_of_date,
    reason
from combined
