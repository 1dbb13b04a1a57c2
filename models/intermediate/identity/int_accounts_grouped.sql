-- Grain: one row per strong identifier (account, phone, id card, e-mail, social account, lead, …),
-- with its connected component.
-- The query below gives all edges; the materialization finds the components, and keeps them up to
-- date from the edges that came or went.
{{ config(materialized='connected_components', incremental=true) }}

with links as (

    select *
    from {{ ref('int_identifiers_linked') }}
    where is_active

),

seen as (

    select *
    from {{ ref('int_identifiers_seen') }}

),

rules as (

    select *
    from {{ ref('identity_rules') }}
    where is_strong

)

select
    links.node as node_a,
    links.linked_node as node_b
from links
inner join rules
    on links.identifier_type = rules.identifier_type
inner join rules as linked_rules
    on links.linked_type = linked_rules.identifier_type
union all
select
    seen.node as node_a,
    seen.node as node_b
from seen
inner join rules
    on seen.identifier_type = rules.identifier_type
