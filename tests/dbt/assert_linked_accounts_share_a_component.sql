-- One row per active link of accounts whose two sides ended in different components.
with strong as (

    select identifier_type
    from {{ ref('identity_rules') }}
    where is_strong

),

links as (

    select links.*
    from {{ ref('int_identifiers_linked') }} as links
    inner join strong
        on links.identifier_type = strong.identifier_type
    inner join strong as linked_strong
        on links.linked_type = linked_strong.identifier_type
    where links.is_active

),

components as (

    select *
    from {{ ref('int_accounts_grouped') }}

)

select
    links.node,
    links.linked_node
from links
left join components as sides
    on links.node = sides.node
left join components as others
    on links.linked_node = others.node
where sides.component is null or others.component is null or sides.component <> others.component
