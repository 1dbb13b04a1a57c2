-- Grain: one row per pair of identifiers that were seen together in any source.
with sightings as (

    select *
    from {{ ref('int_identifiers_unioned') }}
    where linked_value is not null

)

select
    identifier_type,
    identifier_value,
    linked_type,
    linked_value,
    identifier_type || ':' || identifier_value as node,
    linked_type || ':' || linked_value as linked_node,
    min(first_seen_at) as first_seen_at,
    max(last_seen_at) as last_seen_at,
    cast(sum(sighting_count) as bigint) as sighting_count
from sightings
group by identifier_type, identifier_value, linked_type, linked_value
