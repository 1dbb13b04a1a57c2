-- One row per kept link whose two sides ended in different components.
with links as (

    select *
    from {{ ref('int_identifiers_linked') }}
    where linked_type = 'customer'

),

screened as (

    select *
    from {{ ref('int_strong_identifiers_screened') }}
    where demotion_reason is null

),

components as (

    select *
    from {{ ref('int_accounts_grouped') }}

)

select
    links.node,
    links.linked_node
from links
inner join screened
    on
        links.identifier_type = screened.identifier_type
        and links.identifier_value = screened.identifier_value
left join components as sides
    on links.node = sides.node
left join components as others
    on links.linked_node = others.node
where sides.component is null or others.component is null or sides.component <> others.component
