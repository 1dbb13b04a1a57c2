-- Grain: one row per identifier, with the user it belongs to.
-- A user is a group of accounts with what it owns; an identifier that nobody owns is a user of
-- its own (an anonymous visitor). The key is made from the identifier of the user seen first.
with seen as (

    select *
    from {{ ref('int_identifiers_seen') }}

),

strong as (

    select *
    from {{ ref('int_accounts_split') }}

),

strong_screened as (

    select *
    from {{ ref('int_strong_identifiers_screened') }}

),

weak as (

    select *
    from {{ ref('int_weak_identifiers_screened') }}

),

rules as (

    select *
    from {{ ref('identity_rules') }}

),

grouped as (

    select
        seen.identifier_type,
        seen.identifier_value,
        seen.node,
        seen.first_seen_at,
        seen.last_seen_at,
        seen.sighting_count,
        rules.priority,
        coalesce(strong.group_node, weak.owner_node, seen.node) as group_node,
        case
            when strong.is_split and seen.identifier_type in ('phone', 'email')
                then 'path_between_two_id_cards'
            else coalesce(strong_screened.demotion_reason, weak.demotion_reason)
        end as demotion_reason
    from seen
    inner join rules
        on seen.identifier_type = rules.identifier_type
    left join strong
        on seen.node = strong.node
    left join weak
        on seen.node = weak.node
    left join strong_screened
        on
            seen.identifier_type = strong_screened.identifier_type
            and seen.identifier_value = strong_screened.identifier_value

),

ranked as (

    select
        group_node,
        node,
        row_number() over (
            partition by group_node
            order by first_seen_at asc nulls last, priority asc, identifier_value asc
        ) as seen_rank
    from grouped

),

anchors as (

    select
        group_node,
        'u_' || substr(md5(node), 1, 20) as user_key
    from ranked
    where seen_rank = 1

)

select
    grouped.identifier_type,
    grouped.identifier_value,
    anchors.user_key,
    grouped.first_seen_at,
    grouped.last_seen_at,
    grouped.sighting_count,
    grouped.demotion_reason
from grouped
inner join anchors
    on grouped.group_node = anchors.group_node
