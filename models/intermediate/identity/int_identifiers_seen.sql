-- Grain: one row per identifier ever seen, on its own or linked to another.
with sightings as (

    select *
    from {{ ref('int_identifiers_unioned') }}

),

both_sides as (

    select
        identifier_type,
        identifier_value,
        first_seen_at,
        last_seen_at,
        sighting_count
    from sightings
    union all
    select
        linked_type as identifier_type,
        linked_value as identifier_value,
        first_seen_at,
        last_seen_at,
        0 as sighting_count
    from sightings
    where linked_value is not null

)

select
    identifier_type,
    identifier_value,
    identifier_type || ':' || identifier_value as node,
    min(first_seen_at) as first_seen_at,
    max(last_seen_at) as last_seen_at,
    cast(sum(sighting_count) as bigint) as sighting_count
from both_sides
group by identifier_type, identifier_value
