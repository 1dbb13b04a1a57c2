-- Grain: one row per device that accounts or phones were seen on, with how many users it has.
-- A window with more users than the rule allows is demoted: nobody owns the device in it.
with seen as (

    select *
    from {{ ref('int_device_groups_seen') }}

),

rules as (

    select *
    from {{ ref('identity_rules') }}
    where identifier_type = 'device'

),

windows as (

    select
        device_node,
        window_number,
        count(distinct group_node) as owner_count
    from seen
    group by device_node, window_number

),

over_limit as (

    select
        windows.device_node,
        count(*) as demoted_window_count,
        max(windows.owner_count) as most_owner_count
    from windows
    cross join rules
    where windows.owner_count > rules.users_per_value
    group by windows.device_node

)

select
    seen.device_node,
    seen.device_id_hash,
    count(distinct seen.group_node) as owner_count,
    min(seen.group_node) as a_group_node,
    coalesce(max(over_limit.demoted_window_count), 0) as demoted_window_count,
    max(over_limit.most_owner_count) as most_owner_count
from seen
left join over_limit
    on seen.device_node = over_limit.device_node
group by seen.device_node, seen.device_id_hash
