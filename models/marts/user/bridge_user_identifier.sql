-- Grain: one row per identifier (type and value), user and period in which it belonged to the user.
with resolved as (

    select *
    from {{ ref('int_identifiers_resolved') }}

),

device_users as (

    select *
    from {{ ref('int_device_users') }}
    where is_shared

),

own as (

    select
        identifier_type,
        identifier_value,
        user_key,
        cast('1900-01-01 00:00:00' as timestamp) as valid_from_at,
        cast('9999-12-31 00:00:00' as timestamp) as valid_to_at,
        true as is_primary
    from resolved
    where not is_shared

),

-- The first period of a shared device is among the identifiers of its user; a public device has
-- a user of its own for the time in which it is nobody's.
handed_on as (

    select
        'device' as identifier_type,
        device_users.device_id_hash as identifier_value,
        device_users.user_key,
        device_users.valid_from_at,
        device_users.valid_to_at,
        row_number() over (
            partition by device_users.device_id_hash
            order by
                case when device_users.user_key = resolved.user_key then 0 else 1 end asc,
                device_users.valid_from_at asc
        ) = 1 as is_primary
    from device_users
    inner join resolved
        on
            resolved.identifier_type = 'device'
            and device_users.device_id_hash = resolved.identifier_value

),

combined as (

    select *
    from own
    union all
    select *
    from handed_on

)

select
    {{ surrogate_key([
        'combined.identifier_type', 'combined.identifier_value', 'combined.valid_from_at',
    ]) }} as bridge_key,
    combined.identifier_type,
    combined.identifier_value,
    combined.user_key,
    case
        when combined.valid_from_at > cast('1900-01-01 00:00:00' as timestamp)
            then combined.valid_from_at
    end as valid_from_at,
    case
        when combined.valid_to_at < cast('9999-12-31 00:00:00' as timestamp)
            then combined.valid_to_at
    end as valid_to_at,
    combined.is_primary,
    combined.user_key = 'u_' || substr(md5(resolved.node), 1, 20) as is_anchor,
    resolved.is_shared,
    resolved.link_basis,
    resolved.match_use,
    resolved.match_probability,
    resolved.first_seen_at,
    resolved.last_seen_at,
    resolved.sighting_count,
    resolved.demotion_reason is not null as is_demoted,
    resolved.demotion_reason
from combined
inner join resolved
    on
        combined.identifier_type = resolved.identifier_type
        and combined.identifier_value = resolved.identifier_value
