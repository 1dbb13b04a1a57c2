-- Grain: one row per platform user seen on a device, with its one owner or why it has none.
-- The owner is who has the device when the platform user is first seen on one that anybody has: it
-- begins on a device of its own and is met on others' later. So later touches move nobody. Without
-- any owner it is a visitor whom its devices follow.
with touches as (

    select
        platform_user_id_hash,
        device_id_hash,
        touched_at
    from {{ ref('stg_channel__ad_touches') }}
    where platform_user_id_hash is not null and device_id_hash is not null

),

links as (

    select *
    from {{ ref('int_identifiers_linked') }}
    where identifier_type = 'platform_user' and linked_type = 'device' and is_active

),

periods as (

    select *
    from {{ ref('int_device_periods') }}

),

rules as (

    select *
    from {{ ref('identity_rules') }}

),

withdrawn as (

    select
        acc.group_node,
        con.purpose
    from {{ ref('int_consents_withdrawn') }} as con
    inner join {{ ref('int_account_groups') }} as acc
        on 'customer:' || con.customer_id = acc.node
    group by acc.group_node, con.purpose

),

link_rules as (

    select *
    from {{ ref('identity_link_rules') }}
    where rule_code = 'touch_platform_user'

),

-- One row per platform user, device and owner: a public device has none, and neither has a device
-- without accounts.
owners as (

    select
        links.node,
        links.identifier_value,
        links.linked_node as device_node,
        case when periods.group_node <> links.linked_node then periods.group_node end
            as group_node,
        min(touches.touched_at) as first_touched_at
    from touches
    inner join links
        on
            touches.platform_user_id_hash = links.identifier_value
            and touches.device_id_hash = links.linked_value
    left join periods
        on
            links.linked_node = periods.device_node
            and touches.touched_at >= periods.valid_from_at
            and touches.touched_at < periods.valid_to_at
    group by
        links.node,
        links.identifier_value,
        links.linked_node,
        case when periods.group_node <> links.linked_node then periods.group_node end

),

ranked as (

    select
        node,
        group_node,
        row_number() over (
            partition by node
            order by first_touched_at asc nulls last, group_node asc
        ) as owner_rank
    from owners
    where group_node is not null

),

firsts as (

    select
        node,
        group_node
    from ranked
    where owner_rank = 1

),

counted as (

    select
        node,
        identifier_value,
        count(distinct group_node) as owner_count,
        count(distinct device_node) as device_count
    from owners
    group by node, identifier_value

),

chosen as (

    select
        counted.node,
        counted.identifier_value,
        counted.owner_count,
        counted.device_count,
        firsts.group_node as owner_node
    from counted
    left join firsts
        on counted.node = firsts.node

),

judged as (

    select
        chosen.node,
        chosen.identifier_value,
        chosen.owner_count,
        chosen.device_count,
        chosen.owner_node,
        case
            when chosen.owner_count > rules.users_per_value then 'too_many_users'
            when chosen.device_count > device_rules.values_per_user then 'too_many_devices'
            when withdrawn.group_node is not null then 'consent_withdrawn'
        end as demotion_reason
    from chosen
    inner join rules
        on rules.identifier_type = 'platform_user'
    inner join rules as device_rules
        on device_rules.identifier_type = 'device'
    cross join link_rules
    left join withdrawn
        on
            chosen.owner_node = withdrawn.group_node
            and link_rules.consent_purpose = withdrawn.purpose

)

select
    node,
    identifier_value,
    owner_count,
    device_count,
    demotion_reason,
    case when demotion_reason is null then owner_node end as owner_node
from judged
