-- Grain: one row per device and period (half open), with the group of accounts that has it then.
-- A device of one user has one period. A shared one goes from hand to hand with the logins: from
-- one login until somebody else logs in. In a demoted window it is nobody's: its own node stands.
with screened as (

    select *
    from {{ ref('int_devices_screened') }}

),

seen as (

    select *
    from {{ ref('int_device_groups_seen') }}

),

rules as (

    select *
    from {{ ref('identity_rules') }}
    where identifier_type = 'device'

),

groups as (

    select *
    from {{ ref('int_account_groups') }}

),

links as (

    select *
    from {{ ref('int_identifiers_linked') }}
    where identifier_type = 'device' and linked_type = 'customer' and is_active

),

shared as (

    select *
    from screened
    where owner_count > 1

),

logins as (

    select
        device_id_hash,
        customer_id,
        occurred_at as seen_at,
        event_id as sighting_id
    from {{ ref('stg_channel__app_events') }}
    where customer_id is not null
    union all
    select
        device_id_hash,
        customer_id,
        ordered_at as seen_at,
        order_id as sighting_id
    from {{ ref('stg_transaction__orders') }}
    where device_id_hash is not null

),

demoted as (

    select
        seen.device_node,
        seen.window_number
    from seen
    cross join rules
    group by seen.device_node, seen.window_number
    having count(distinct seen.group_node) > min(rules.users_per_value)

),

points as (

    select
        shared.device_node,
        shared.device_id_hash,
        groups.group_node,
        logins.seen_at,
        logins.sighting_id,
        {{ window_number(business_day('logins.seen_at'), 'rules.window_days') }} as window_number
    from shared
    inner join logins
        on shared.device_id_hash = logins.device_id_hash
    inner join links
        on
            logins.device_id_hash = links.identifier_value
            and logins.customer_id = links.linked_value
    inner join groups
        on links.linked_node = groups.node
    cross join rules
    union all
    select
        seen.device_node,
        seen.device_id_hash,
        seen.group_node,
        seen.first_seen_at as seen_at,
        seen.group_node as sighting_id,
        seen.window_number
    from seen
    inner join shared
        on seen.device_node = shared.device_node
    where seen.first_seen_at is not null

),

held as (

    select
        points.device_node,
        points.device_id_hash,
        points.seen_at,
        points.sighting_id,
        case
            when demoted.device_node is not null then points.device_node
            else points.group_node
        end as group_node
    from points
    left join demoted
        on
            points.device_node = demoted.device_node
            and points.window_number = demoted.window_number

),

compared as (

    select
        *,
        lag(group_node) over (
            partition by device_node
            order by seen_at, sighting_id, group_node
        ) as previous_group_node
    from held

),

changes as (

    select
        device_node,
        device_id_hash,
        group_node,
        seen_at,
        row_number() over (
            partition by device_node
            order by seen_at, sighting_id, group_node
        ) as period_number,
        lead(seen_at) over (
            partition by device_node
            order by seen_at, sighting_id, group_node
        ) as valid_to_at
    from compared
    where previous_group_node is null or previous_group_node <> group_node

),

periods as (

    select
        device_node,
        device_id_hash,
        group_node,
        case
            when period_number = 1 then cast('1900-01-01 00:00:00' as timestamp)
            else seen_at
        end as valid_from_at,
        coalesce(valid_to_at, cast('9999-12-31 00:00:00' as timestamp)) as valid_to_at,
        period_number,
        true as is_shared
    from changes
    union all
    select
        device_node,
        device_id_hash,
        a_group_node as group_node,
        cast('1900-01-01 00:00:00' as timestamp) as valid_from_at,
        cast('9999-12-31 00:00:00' as timestamp) as valid_to_at,
        1 as period_number,
        false as is_shared
    from screened
    where owner_count = 1

)

-- Logins at the very same moment leave a period without length.
select *
from periods
where valid_from_at < valid_to_at
