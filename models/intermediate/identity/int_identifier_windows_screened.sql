-- Grain: one row per identifier and window in which more different values were seen with it than
-- its rule allows. Only strong types: who uses a device is known once accounts are grouped.
with sightings as (

    select *
    from {{ ref('int_identifiers_unioned') }}
    where linked_value is not null

),

rules as (

    select *
    from {{ ref('identity_rules') }}
    where is_strong

)

select
    sightings.identifier_type,
    sightings.identifier_value,
    sightings.window_number,
    min(rules.counted_type) as counted_type,
    count(distinct sightings.linked_value) as owner_count,
    min(rules.users_per_value) as users_per_value,
    'too_many_users' as demotion_reason
from sightings
inner join rules
    on
        sightings.identifier_type = rules.identifier_type
        and sightings.linked_type = rules.counted_type
group by sightings.identifier_type, sightings.identifier_value, sightings.window_number
having count(distinct sightings.linked_value) > min(rules.users_per_value)
