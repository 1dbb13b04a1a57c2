-- Grain: one row per pair of identifiers that were seen together in any source or joined by hand.
-- A pair links while it is active; otherwise it says what cut it. Its rule is the most trusted one.
with sightings as (

    select *
    from {{ ref('int_identifiers_unioned') }}
    where linked_value is not null

),

link_rules as (

    select *
    from {{ ref('identity_link_rules') }}

),

rules as (

    select *
    from {{ ref('identity_rules') }}

),

screened as (

    select *
    from {{ ref('int_identifiers_screened') }}

),

over_limit as (

    select *
    from {{ ref('int_identifier_windows_screened') }}

),

decisions as (

    select *
    from {{ ref('int_identity_decisions_effective') }}
    where node_b is not null

),

withdrawn as (

    select *
    from {{ ref('int_consents_withdrawn') }}

),

-- The less trusted identifier points to the more trusted one, as in the sightings.
joined_by_hand as (

    select
        'manual_link' as rule_code,
        case when is_turned then type_b else type_a end as identifier_type,
        case when is_turned then value_b else value_a end as identifier_value,
        case when is_turned then type_a else type_b end as linked_type,
        case when is_turned then value_a else value_b end as linked_value,
        decided_at as first_seen_at,
        decided_at as last_seen_at,
        cast(1 as bigint) as sighting_count,
        false as is_over_limit
    from (
        select
            decisions.*,
            rules.priority < other_rules.priority as is_turned
        from decisions
        inner join rules
            on decisions.type_a = rules.identifier_type
        inner join rules as other_rules
            on decisions.type_b = other_rules.identifier_type
        where decisions.decision_action = 'link'
    ) as turned

),

all_sightings as (

    select
        sightings.rule_code,
        sightings.identifier_type,
        sightings.identifier_value,
        sightings.linked_type,
        sightings.linked_value,
        sightings.first_seen_at,
        sightings.last_seen_at,
        sightings.sighting_count,
        over_limit.window_number is not null as is_over_limit
    from sightings
    left join over_limit
        on
            sightings.identifier_type = over_limit.identifier_type
            and sightings.identifier_value = over_limit.identifier_value
            and sightings.window_number = over_limit.window_number
    union all
    select *
    from joined_by_hand

),

paired as (

    select
        all_sightings.identifier_type,
        all_sightings.identifier_value,
        all_sightings.linked_type,
        all_sightings.linked_value,
        all_sightings.identifier_type || ':' || all_sightings.identifier_value as node,
        all_sightings.linked_type || ':' || all_sightings.linked_value as linked_node,
        max_by(all_sightings.rule_code, link_rules.trust) as rule_code,
        max(link_rules.trust) as trust,
        min(all_sightings.first_seen_at) as first_seen_at,
        max(all_sightings.last_seen_at) as last_seen_at,
        cast(sum(all_sightings.sighting_count) as bigint) as sighting_count,
        cast(
            sum(case when all_sightings.is_over_limit then 0 else all_sightings.sighting_count end)
            as bigint
        ) as support_count
    from all_sightings
    inner join link_rules
        on all_sightings.rule_code = link_rules.rule_code
    group by
        all_sightings.identifier_type,
        all_sightings.identifier_value,
        all_sightings.linked_type,
        all_sightings.linked_value

),

-- A link to a phone rests on the consent of whoever was seen with that phone: also with a number
-- of earlier days, which the account's row does not have any more.
phone_withdrawals as (

    select
        paired.identifier_value as phone_hash,
        withdrawn.purpose
    from paired
    inner join withdrawn
        on paired.linked_value = withdrawn.customer_id
    where paired.identifier_type = 'phone' and paired.linked_type = 'customer'
    group by paired.identifier_value, withdrawn.purpose

),

judged as (

    select
        paired.*,
        case
            when decisions.decision_action = 'link' then null
            when decisions.decision_action = 'cut' then 'cut_by_hand'
            when sides.demotion_reason is not null then sides.demotion_reason
            when others.demotion_reason is not null then others.demotion_reason
            when phone_withdrawals.phone_hash is not null then 'consent_withdrawn'
            when paired.support_count = 0 then 'too_many_users'
            when paired.support_count < rules.minimum_support then 'too_few_sightings'
        end as cut_reason
    from paired
    inner join rules
        on paired.identifier_type = rules.identifier_type
    inner join link_rules
        on paired.rule_code = link_rules.rule_code
    left join screened as sides
        on
            paired.identifier_type = sides.identifier_type
            and paired.identifier_value = sides.identifier_value
    left join screened as others
        on
            paired.linked_type = others.identifier_type
            and paired.linked_value = others.identifier_value
    left join decisions
        on
            least(paired.node, paired.linked_node) = decisions.node_a
            and greatest(paired.node, paired.linked_node) = decisions.node_b
    left join phone_withdrawals
        on
            paired.linked_value = phone_withdrawals.phone_hash
            and link_rules.consent_purpose = phone_withdrawals.purpose

)

select
    identifier_type,
    identifier_value,
    linked_type,
    linked_value,
    node,
    linked_node,
    rule_code,
    trust,
    first_seen_at,
    last_seen_at,
    sighting_count,
    support_count,
    cut_reason,
    cut_reason is null as is_active
from judged
