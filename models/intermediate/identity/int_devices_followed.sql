-- Grain: one row per device without accounts whose platform users all lead to one owner: the user
-- who has their other devices, or the platform user itself (a visitor with several devices).
with links as (

    select *
    from {{ ref('int_identifiers_linked') }}
    where identifier_type = 'platform_user' and linked_type = 'device' and is_active

),

platform_users as (

    select *
    from {{ ref('int_platform_users_owned') }}
    where demotion_reason is null

),

owned as (

    select device_node
    from {{ ref('int_devices_screened') }}

)

select
    links.linked_node as device_node,
    min(coalesce(platform_users.owner_node, platform_users.node)) as owner_node
from links
inner join platform_users
    on links.node = platform_users.node
left join owned
    on links.linked_node = owned.device_node
where owned.device_node is null
group by links.linked_node
having count(distinct coalesce(platform_users.owner_node, platform_users.node)) = 1
