-- Grain: one row per strong identifier whose component holds two id cards, with the id card it
-- stays with. The materialization cuts the weakest link of every path between two id cards.
{{ config(materialized='seeded_components') }}

with grouped as (

    select *
    from {{ ref('int_accounts_grouped') }}

),

conflicts as (

    select component
    from grouped
    where node like 'id_card:%'
    group by component
    having count(*) > 1

),

members as (

    select grouped.node
    from grouped
    inner join conflicts
        on grouped.component = conflicts.component

),

links as (

    select *
    from {{ ref('int_identifiers_linked') }}
    where is_active

)

select
    links.node as node_a,
    links.linked_node as node_b,
    row_number() over (
        order by
            links.trust asc,
            links.support_count asc,
            links.last_seen_at asc nulls first,
            links.node desc,
            links.linked_node desc
    ) as strength,
    false as is_seed
from links
inner join members
    on links.node = members.node
inner join members as others
    on links.linked_node = others.node
union all
select
    node as node_a,
    node as node_b,
    cast(0 as bigint) as strength,
    node like 'id_card:%' as is_seed
from members
