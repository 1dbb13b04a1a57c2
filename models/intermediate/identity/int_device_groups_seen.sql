-- Grain: one row per device, window and group of accounts that was seen on it in the window.
with sightings as (

    select *
    from {{ ref('int_identifiers_unioned') }}
    where identifier_type = 'device' and linked_value is not null

),

links as (

    select *
    from {{ ref('int_identifiers_linked') }}
    where identifier_type = 'device' and is_active

),

groups as (

    select *
    from {{ ref('int_account_groups') }}

)

select
    links.node as device_node,
    sightings.identifier_value as device_id_hash,
    sightings.window_number,
    groups.group_node,
    min(sightings.first_seen_at) as first_seen_at,
    max(sightings.last_seen_at) as last_seen_at,
    cast(sum(sightings.sighting_count) as bigint) as sighting_count
from sightings
inner join links
    on
        sightings.identifier_value = links.identifier_value
        and sightings.linked_type = links.linked_type
        and sightings.linked_value = links.linked_value
inner join groups
    on links.linked_node = groups.node
group by
    links.node,
    sightings.identifier_value,
    sightings.window_number,
    groups.group_node
