-- Grain: one row per user key, issued before or new, that an identifier of today leads to.
-- A key that was issued stays with the identifiers that carried it: accounts before phones before
-- devices. Where two meet in one group the older key survives and the other is redirected, and
-- stays so; when they part again, each has its own back. A group without an issued key gets a new
-- one, made from the identifier of the group that was seen first.
with grouped as (

    select *
    from {{ ref('int_identifiers_grouped') }}

),

assignments as (

    select
        identifier_type || ':' || identifier_value as node,
        user_key,
        issued_sequence
    from {{ source('identity', 'key_assignments') }}

),

carriers as (

    select
        node,
        user_key,
        min(issued_sequence) as first_sequence,
        max(issued_sequence) as last_sequence
    from assignments
    group by node, user_key

),

latest as (

    select
        node,
        max(issued_sequence) as last_sequence
    from assignments
    group by node

),

issued as (

    select
        user_key,
        min(issued_sequence) as key_sequence
    from assignments
    group by user_key

),

homes as (

    select
        carriers.user_key,
        grouped.group_node,
        grouped.first_seen_at,
        carriers.last_sequence = latest.last_sequence as is_alive,
        row_number() over (
            partition by carriers.user_key
            order by
                case when carriers.last_sequence = latest.last_sequence then 0 else 1 end asc,
                grouped.priority asc,
                carriers.first_sequence asc,
                grouped.first_seen_at asc nulls last,
                grouped.node asc
        ) as home_rank
    from carriers
    inner join latest
        on carriers.node = latest.node
    inner join grouped
        on carriers.node = grouped.node

),

kept as (

    select
        homes.user_key,
        homes.group_node,
        row_number() over (
            partition by homes.group_node
            order by
                case when homes.is_alive then 0 else 1 end asc,
                issued.key_sequence asc,
                homes.first_seen_at asc nulls last,
                homes.user_key asc
        ) as age_rank
    from homes
    inner join issued
        on homes.user_key = issued.user_key
    where homes.home_rank = 1

),

survivors as (

    select
        user_key,
        group_node
    from kept
    where age_rank = 1

),

-- Names that were never issued come first, so that no key ever means two people.
named as (

    select
        grouped.group_node,
        grouped.node,
        'u_' || substr(md5(grouped.node), 1, 20) as user_key,
        row_number() over (
            partition by grouped.group_node
            order by
                case when issued.user_key is null then 0 else 1 end asc,
                grouped.first_seen_at asc nulls last,
                grouped.priority asc,
                grouped.identifier_value asc
        ) as name_rank,
        issued.user_key is not null as is_taken
    from grouped
    left join survivors
        on grouped.group_node = survivors.group_node
    left join issued
        on 'u_' || substr(md5(grouped.node), 1, 20) = issued.user_key
    where survivors.group_node is null

),

-- All names of a group are taken only after a split of what one identifier had named twice.
ages as (

    select coalesce(max(issued_sequence), 0) as last_sequence
    from assignments

),

fresh as (

    select
        named.group_node,
        case
            when named.is_taken
                then 'u_' || substr(
                    md5(named.node || '#' || cast(ages.last_sequence as string)), 1, 20
                )
            else named.user_key
        end as user_key
    from named
    cross join ages
    where named.name_rank = 1

)

select
    kept.user_key,
    kept.group_node,
    survivors.user_key as surviving_user_key,
    false as is_new
from kept
inner join survivors
    on kept.group_node = survivors.group_node
union all
select
    user_key,
    group_node,
    user_key as surviving_user_key,
    true as is_new
from fresh
