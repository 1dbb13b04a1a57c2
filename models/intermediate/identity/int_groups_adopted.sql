-- Grain: one row per group without an account (a phone of a coupon, a follower with a phone), with
-- the one group of accounts whose devices it was seen on.
-- Seen on devices of two groups it stays alone, as does what is held together by a link that rests
-- on a consent which somebody of that group has withdrawn.
with split_groups as (

    select *
    from {{ ref('int_accounts_split') }}

),

active_links as (

    select *
    from {{ ref('int_identifiers_linked') }}
    where is_active

),

links as (

    select *
    from active_links
    where identifier_type = 'device'

),

link_rules as (

    select *
    from {{ ref('identity_link_rules') }}
    where consent_purpose is not null

),

withdrawn as (

    select *
    from {{ ref('int_consents_withdrawn') }}

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

),

resting_groups as (

    select
        split_groups.group_node,
        link_rules.consent_purpose
    from active_links
    inner join link_rules
        on active_links.rule_code = link_rules.rule_code
    inner join split_groups
        on active_links.node = split_groups.node
    group by split_groups.group_node, link_rules.consent_purpose

),

withdrawn_groups as (

    select
        split_groups.group_node,
        withdrawn.purpose
    from split_groups
    inner join withdrawn
        on split_groups.node = 'customer:' || withdrawn.customer_id
    group by split_groups.group_node, withdrawn.purpose

),

refused as (

    select
        resting_groups.group_node,
        withdrawn_groups.group_node as owner_node
    from resting_groups
    inner join withdrawn_groups
        on resting_groups.consent_purpose = withdrawn_groups.purpose
    group by resting_groups.group_node, withdrawn_groups.group_node

)

select
    orphans.group_node,
    min(owners.group_node) as owner_node
from on_devices as orphans
inner join on_devices as owners
    on orphans.device_node = owners.device_node
left join refused
    on
        orphans.group_node = refused.group_node
        and owners.group_node = refused.owner_node
where not orphans.has_account and owners.has_account
group by orphans.group_node
having count(distinct owners.group_node) = 1 and count(refused.group_node) = 0
