-- Grain: one row per group without an account (a phone of a coupon, a follower with a phone), with
-- the one group of accounts whose devices it was seen on.
-- Seen on devices of two groups it stays alone.
with split_groups as (

    select *
    from {{ ref('int_accounts_split') }}

),

links as (

    select *
    from {{ ref('int_identifiers_linked') }}
    where identifier_type = 'device' and is_active

),

sizes as (

    select
        group_node,
        sum(case when node like 'customer:%' then 1 else 0 end) as account_count
    from split_groups
    group by group_node

),

on_devices as (

    select
        links.node as device_node,
        split_groups.group_node,
        sizes.account_count > 0 as has_account
    from links
    inner join split_groups
        on links.linked_node = split_groups.node
    inner join sizes
        on split_groups.group_node = sizes.group_node
    group by links.node, split_groups.group_node, sizes.account_count > 0

)

select
    orphans.group_node,
    min(owners.group_node) as owner_node
from on_devices as orphans
inner join on_devices as owners
    on orphans.device_node = owners.device_node
where not orphans.has_account and owners.has_account
group by orphans.group_node
having count(distinct owners.group_node) = 1
