-- Grain: one row per phone, id card and e-mail, with the verdict whether it may link accounts.
with links as (

    select *
    from {{ ref('int_identifiers_linked') }}
    where linked_type = 'customer'

),

rules as (

    select *
    from {{ ref('identity_rules') }}
    where is_strong

),

id_cards as (

    select
        linked_value as customer_id,
        identifier_value as id_card_hash
    from links
    where identifier_type = 'id_card'

),

counted as (

    select
        links.identifier_type,
        links.identifier_value,
        count(distinct links.linked_value) as owner_count,
        count(distinct id_cards.id_card_hash) as id_card_count
    from links
    left join id_cards
        on links.linked_value = id_cards.customer_id
    group by links.identifier_type, links.identifier_value

)

select
    counted.identifier_type,
    counted.identifier_value,
    counted.owner_count,
    counted.id_card_count,
    case
        when rules.must_agree_on_id_card and counted.id_card_count > 1
            then 'owners_disagree_on_id_card'
        when counted.owner_count > rules.owners_allowed then 'too_many_owners'
    end as demotion_reason
from counted
inner join rules
    on counted.identifier_type = rules.identifier_type
