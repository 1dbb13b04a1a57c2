-- Grain: one row per identifier, with the user it belongs to.
with grouped as (

    select *
    from {{ ref('int_identifiers_grouped') }}

),

keys as (

    select
        group_node,
        min(surviving_user_key) as user_key
    from {{ ref('int_user_keys_assigned') }}
    group by group_node

)

select
    grouped.identifier_type,
    grouped.identifier_value,
    grouped.node,
    keys.user_key,
    grouped.group_node,
    grouped.first_seen_at,
    grouped.last_seen_at,
    grouped.sighting_count,
    grouped.is_shared,
    grouped.link_basis,
    grouped.match_use,
    grouped.match_probability,
    grouped.demotion_reason
from grouped
inner join keys
    on grouped.group_node = keys.group_node
