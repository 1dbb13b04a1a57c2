-- Grain: one row per device and period (half open), with the user who has the device then.
-- Facts of a device find their user here: a device that changes hands does so at a moment.
with resolved as (

    select *
    from {{ ref('int_identifiers_resolved') }}

),

periods as (

    select *
    from {{ ref('int_device_periods') }}

),

group_users as (

    select
        group_node,
        min(user_key) as user_key
    from resolved
    group by group_node

)

select
    periods.device_id_hash,
    periods.valid_from_at,
    periods.valid_to_at,
    periods.is_shared,
    group_users.user_key
from periods
inner join group_users
    on periods.group_node = group_users.group_node
union all
select
    resolved.identifier_value as device_id_hash,
    cast('1900-01-01 00:00:00' as timestamp) as valid_from_at,
    cast('9999-12-31 00:00:00' as timestamp) as valid_to_at,
    false as is_shared,
    resolved.user_key
from resolved
left join periods
    on resolved.node = periods.device_node
where resolved.identifier_type = 'device' and periods.device_node is null
