-- Grain: one row per identifier (type and value), with the user it belongs to.
select
    identifier_type,
    identifier_value,
    user_key,
    first_seen_at,
    last_seen_at,
    sighting_count,
    demotion_reason is not null as is_demoted,
    demotion_reason
from {{ ref('int_identifiers_resolved') }}
