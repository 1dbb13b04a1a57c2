-- Grain: one row per customer account, phone, id card and e-mail, with the group it belongs to.
-- A component that holds two id cards is split: an account stays with its own id card, and the
-- phones and e-mails of the component link nobody.
with grouped as (

    select *
    from {{ ref('int_accounts_grouped') }}

),

id_card_links as (

    select
        links.linked_node as customer_node,
        min(links.node) as id_card_node
    from {{ ref('int_identifiers_linked') }} as links
    inner join {{ ref('int_strong_identifiers_screened') }} as screened
        on
            links.identifier_type = screened.identifier_type
            and links.identifier_value = screened.identifier_value
    where
        links.identifier_type = 'id_card'
        and links.linked_type = 'customer'
        and screened.demotion_reason is null
    group by links.linked_node

),

sizes as (

    select
        component,
        sum(case when node like 'id_card:%' then 1 else 0 end) as id_card_count
    from grouped
    group by component

)

select
    grouped.node,
    case
        when sizes.id_card_count <= 1 then grouped.component
        else coalesce(id_card_links.id_card_node, grouped.node)
    end as group_node,
    sizes.id_card_count > 1 as is_split
from grouped
inner join sizes
    on grouped.component = sizes.component
left join id_card_links
    on grouped.node = id_card_links.customer_node
