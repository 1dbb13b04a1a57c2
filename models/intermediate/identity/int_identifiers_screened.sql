-- Grain: one row per identifier that an account or a phone was seen with, with the verdict whether
-- it may link anybody at all (whatever the window).
with sightings as (

    select *
    from {{ ref('int_identifiers_unioned') }}

),

rules as (

    select *
    from {{ ref('identity_rules') }}

),

blocked as (

    select
        identifier_type,
        identifier_value
    from {{ source('identity', 'blocked_identifiers') }}
    group by identifier_type, identifier_value

),

cut_by_hand as (

    select node_a as node
    from {{ ref('int_identity_decisions_effective') }}
    where decision_action = 'cut' and node_b is null

),

platforms as (

    select
        open_id_hash as identifier_value,
        count(distinct platform) as platform_count
    from {{ ref('stg_channel__social_profiles') }}
    group by open_id_hash

),

links as (

    select
        identifier_type,
        identifier_value,
        linked_type,
        linked_value
    from sightings
    where linked_value is not null
    group by identifier_type, identifier_value, linked_type, linked_value

),

customers as (

    select *
    from {{ ref('stg_crm__customers') }}

),

-- A phone without a sighting of its own is still an identifier: devices and leads name it.
both_sides as (

    select
        identifier_type,
        identifier_value,
        linked_type,
        linked_value
    from links
    union all
    select
        linked_type as identifier_type,
        linked_value as identifier_value,
        cast(null as string) as linked_type,
        cast(null as string) as linked_value
    from links

),

counted as (

    select
        both_sides.identifier_type,
        both_sides.identifier_value,
        count(distinct customers.customer_id) as account_count,
        count(distinct customers.id_card_hash) as id_card_count,
        count(distinct customers.person_name_hash) as name_count
    from both_sides
    left join customers
        on
            both_sides.linked_value = customers.customer_id
            and both_sides.linked_type = 'customer'
    group by both_sides.identifier_type, both_sides.identifier_value

)

select
    counted.identifier_type,
    counted.identifier_value,
    counted.account_count,
    counted.id_card_count,
    counted.name_count,
    case
        when blocked.identifier_value is not null then 'blocked_value'
        when cut_by_hand.node is not null then 'cut_by_hand'
        when coalesce(platforms.platform_count, 0) > 1 and counted.identifier_type = 'open_id'
            then 'seen_on_two_platforms'
        when rules.must_agree_on_id_card and counted.id_card_count > 1
            then 'accounts_disagree_on_id_card'
        when rules.must_agree_on_name and counted.name_count > 1
            then 'accounts_disagree_on_name'
    end as demotion_reason
from counted
inner join rules
    on counted.identifier_type = rules.identifier_type
left join blocked
    on
        counted.identifier_type = blocked.identifier_type
        and counted.identifier_value = blocked.identifier_value
left join cut_by_hand
    on counted.identifier_type || ':' || counted.identifier_value = cut_by_hand.node
left join platforms
    on counted.identifier_value = platforms.identifier_value
