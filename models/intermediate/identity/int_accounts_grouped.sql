-- Grain: one row per customer account, phone, id card and e-mail, with its connected component.
-- The query below gives the edges; the materialization finds the components.
{{ config(materialized='connected_components') }}

with links as (

    select *
    from {{ ref('int_identifiers_linked') }}
    where linked_type = 'customer'

),

screened as (

    select *
    from {{ ref('int_strong_identifiers_screened') }}

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
inner join screened
    on
        links.identifier_type = screened.identifier_type
        and links.identifier_value = screened.identifier_value
where screened.demotion_reason is null
union all
select
    seen.node as node_a,
    seen.node as node_b
from seen
inner join rules
    on seen.identifier_type = rules.identifier_type
