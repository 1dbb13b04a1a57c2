-- Grain: one row per identifier, with the group it belongs to and what that rests on.
-- A group is a set of accounts with what they own; an identifier that nobody owns is a group of its
-- own (an anonymous visitor or follower). A shared device is grouped with who had it first.
with seen as (

    select *
    from {{ ref('int_identifiers_seen') }}

),

rules as (

    select *
    from {{ ref('identity_rules') }}

),

accounts as (

    select *
    from {{ ref('int_account_groups') }}

),

screened as (

    select *
    from {{ ref('int_identifiers_screened') }}

),

over_limit as (

    select
        identifier_type,
        identifier_value,
        count(*) as demoted_window_count
    from {{ ref('int_identifier_windows_screened') }}
    group by identifier_type, identifier_value

),

devices as (

    select *
    from {{ ref('int_devices_screened') }}

),

-- Whoever had a device first keeps it among their identifiers; a public one is nobody's.
device_homes as (

    select
        periods.device_node,
        periods.is_shared,
        case
            when devices.demoted_window_count > 0 then periods.device_node
            else periods.group_node
        end as group_node
    from {{ ref('int_device_periods') }} as periods
    inner join devices
        on periods.device_node = devices.device_node
    where periods.period_number = 1

),

platform_users as (

    select *
    from {{ ref('int_platform_users_owned') }}

),

followers as (

    select *
    from {{ ref('int_devices_followed') }}

),

-- Only what no link says is left to probability.
matches as (

    select
        'device:' || candidates.device_id_hash as device_node,
        owners.group_node,
        candidates.match_use,
        candidates.match_probability
    from {{ ref('int_devices_matched') }} as candidates
    inner join {{ ref('int_account_groups') }} as owners
        on 'customer:' || candidates.owner_customer_id = owners.node
    where candidates.withheld_reason is null and candidates.match_use in ('strict', 'default')

)

select
    seen.identifier_type,
    seen.identifier_value,
    seen.node,
    seen.first_seen_at,
    seen.last_seen_at,
    seen.sighting_count,
    rules.priority,
    rules.is_strong,
    coalesce(
        accounts.group_node,
        device_homes.group_node,
        followers.owner_node,
        platform_users.owner_node,
        matches.group_node,
        seen.node
    ) as group_node,
    coalesce(device_homes.is_shared, false) as is_shared,
    case
        when accounts.node is not null or device_homes.device_node is not null
            then 'deterministic'
        when followers.device_node is not null or platform_users.owner_node is not null
            then 'followed'
        when matches.device_node is not null then 'probabilistic'
        else 'alone'
    end as link_basis,
    case
        when accounts.node is not null or device_homes.device_node is not null then 'strict'
        when followers.device_node is not null or platform_users.owner_node is not null
            then 'default'
        else coalesce(matches.match_use, 'strict')
    end as match_use,
    case
        when
            accounts.node is null
            and device_homes.device_node is null
            and followers.device_node is null
            and platform_users.owner_node is null
            then matches.match_probability
    end as match_probability,
    coalesce(
        screened.demotion_reason,
        platform_users.demotion_reason,
        case
            when over_limit.demoted_window_count > 0 or devices.demoted_window_count > 0
                then 'too_many_users'
        end
    ) as demotion_reason
from seen
inner join rules
    on seen.identifier_type = rules.identifier_type
left join accounts
    on seen.node = accounts.node
left join screened
    on
        seen.identifier_type = screened.identifier_type
        and seen.identifier_value = screened.identifier_value
left join over_limit
    on
        seen.identifier_type = over_limit.identifier_type
        and seen.identifier_value = over_limit.identifier_value
left join devices
    on seen.node = devices.device_node
left join device_homes
    on seen.node = device_homes.device_node
left join followers
    on seen.node = followers.device_node
left join platform_users
    on seen.node = platform_users.node
left join matches
    on seen.node = matches.device_node
