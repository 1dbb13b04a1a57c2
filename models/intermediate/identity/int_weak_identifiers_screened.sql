-- Grain: one row per device and platform user, with its one owner or the reason for having none.
-- A device belongs to the group whose accounts and phones were seen on it; a platform user to the
-- group that owns its devices, and to its one device where nobody owns any of them.
with links as (

    select *
    from {{ ref('int_identifiers_linked') }}

),

groups as (

    select *
    from {{ ref('int_accounts_split') }}

),

rules as (

    select *
    from {{ ref('identity_rules') }}
    where not is_strong

),

seen as (

    select *
    from {{ ref('int_identifiers_seen') }}

),

devices as (

    select
        links.node,
        count(distinct groups.group_node) as owner_count,
        min(groups.group_node) as owner_node
    from links
    inner join groups
        on links.linked_node = groups.node
    where links.identifier_type = 'device'
    group by links.node

),

platform_users as (

    select
        links.node,
        case
            when count(devices.owner_node) > 0 then count(distinct devices.owner_node)
            else count(distinct links.linked_node)
        end as owner_count,
        coalesce(min(devices.owner_node), min(links.linked_node)) as owner_node,
        max(devices.owner_count) as most_owners_of_a_device
    from links
    left join devices
        on links.linked_node = devices.node
    where links.identifier_type = 'platform_user' and links.linked_type = 'device'
    group by links.node

),

owned as (

    select
        node,
        owner_count,
        owner_node,
        owner_count as most_owners_of_a_device
    from devices
    union all
    select
        node,
        owner_count,
        owner_node,
        coalesce(most_owners_of_a_device, 1) as most_owners_of_a_device
    from platform_users

)

select
    seen.identifier_type,
    seen.identifier_value,
    seen.node,
    coalesce(owned.owner_count, 0) as owner_count,
    case
        when owned.owner_count > rules.owners_allowed then 'too_many_owners'
        when owned.most_owners_of_a_device > rules.owners_allowed then 'seen_on_a_shared_device'
    end as demotion_reason,
    case
        when
            owned.owner_count <= rules.owners_allowed
            and owned.most_owners_of_a_device <= rules.owners_allowed
            then owned.owner_node
    end as owner_node
from seen
inner join rules
    on seen.identifier_type = rules.identifier_type
left join owned
    on seen.node = owned.node
